"""Exports in use by another stack, which can be neither changed nor removed."""

from collections.abc import Mapping

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers

from .stack import Stack


def refusal(stack: Stack, wanted: Mapping[str, Mapping[str, str]]) -> str | None:
    """Why the stack's exports can't become these, if they can't.

    AWS says so when the resources were updated already (aws/aws-cdk issue 7602).
    """
    for output in stack.record.get("Outputs", []):
        name = output.get("ExportName")
        if not name:
            continue
        if name not in wanted:
            verb, change = "Delete", "delete"
        elif wanted[name]["Value"] != output["OutputValue"]:
            verb, change = "Update", "update"
        else:
            continue
        importers = importing_stacks(stack, name)
        if importers:
            used_by = " and ".join(importers)
            return f"{verb} canceled. Cannot {change} export {name} as it is in use by {used_by}."
    return None


def importing_stacks(stack: Stack, name: str) -> list[str]:
    """The names of the stacks that import an export."""
    return [
        other_name
        for other_name, other in cloudformation._stacks.items()
        if other_name != stack.name
        and other.get("StackStatus") not in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS")
        and name in handlers._imported_export_names(other, other_name)
    ]


def publish(stack: Stack, wanted: Mapping[str, dict[str, str]]) -> None:
    """Make these the exports of the stack."""
    withdraw(stack)
    cloudformation._exports.update(wanted)


def withdraw(stack: Stack) -> None:
    """Remove the exports of the stack."""
    for output in stack.record.get("Outputs", []):
        if output.get("ExportName"):
            cloudformation._exports.pop(output["ExportName"], None)
