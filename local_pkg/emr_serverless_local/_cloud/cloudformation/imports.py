"""Imports existing resources into a stack: ``cdk deploy --import-existing-resources``.

What is imported is never deleted by the rollback of the operation that imported it (the user
guide, "Import AWS resources automatically": its deletion policy retains it).
"""

from typing import Any

from ministack.services.cloudformation import changesets, provisioners, stacks

from .stack import Record, Stack

_IMPORTED = "_imported"


def take(
    stack: Stack, logical_id: str, resource_type: str, identifier: dict[str, str]
) -> tuple[str, dict[str, Any]]:
    """Import it; gives its physical id and attributes. Raises ValueError if it isn't there."""
    record = stack.show(
        logical_id, resource_type, "IMPORT_IN_PROGRESS", reason=stacks._IMPORT_STARTED
    )
    record[_IMPORTED] = True
    entry = {"ResourceType": resource_type, "ResourceIdentifier": identifier}
    missing = changesets._import_not_found([entry])
    if missing is not None:
        raise ValueError(missing)
    physical_id, attributes = provisioners._import_resource(resource_type, identifier)
    for status, reason in (
        ("IMPORT_COMPLETE", stacks._IMPORT_COMPLETED),
        ("UPDATE_IN_PROGRESS", stacks._IMPORT_TAGS),
    ):
        stack.show(logical_id, resource_type, status, reason=reason, physical_id=physical_id)
    return physical_id, attributes


def is_imported(record: Record) -> bool:
    """Whether the current or failed operation has imported the resource."""
    return _IMPORTED in record


def settle_import(record: Record) -> None:
    """Make an imported resource one like others, when the operation is done."""
    record.pop(_IMPORTED, None)
