"""botocore's description of EMR Serverless: what the checks and the Lambda asset are made from."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from .names import SERVICE

if TYPE_CHECKING:
    from botocore.loaders import Loader

# Everything that the handler calls. The model in the asset has these operations and no other.
HANDLER_OPERATIONS = (
    "GetApplication",
    "GetSession",
    "ListSessions",
    "StartSession",
    "StopApplication",
    "TagResource",
    "TerminateSession",
    "UntagResource",
)

# What the handler reads of their answers: botocore passes over what the model doesn't name. Each
# name that the handler looks up anywhere is here for each answer that has it.
_READ = ("applicationId", "arn", "releaseLabel", "state", "stateDetails")
HANDLER_READS = {
    "Application": (
        *(*_READ, "autoStartConfiguration", "createdAt", "interactiveConfiguration", "tags"),
        "type",
    ),
    "Session": (*_READ, "createdAt", "createdBy", "executionRoleArn", "sessionId", "tags"),
    "SessionSummary": (*_READ, "createdAt", "createdBy", "executionRoleArn", "sessionId"),
    "InteractiveConfiguration": ("sessionEnabled",),
}

# What botocore doesn't look at when it makes a request or reads an answer. It checks what is
# required and the least lengths; the rest is checked at synth, and by the service. An error's code
# and message are read without its shape.
_UNREAD = (
    *("documentation", "documentationUrl", "enum", "errors", "idempotent", "max", "pattern"),
    *("readonly", "sensitive"),
)


@cache
def loader() -> Loader:
    """The loader of the botocore that is installed."""
    # Imported with the first check, as it takes as long as a tenth of aws_cdk.
    from botocore.loaders import Loader

    return Loader()


@cache
def api_version() -> str:
    """The newest API version of the service, the name of its folder in botocore's data."""
    version: str = loader().determine_latest_version(SERVICE, "service-2")
    return version


@cache
def service_model() -> Mapping[str, Any]:
    """The service's model, as botocore loads it. Not to be changed by callers."""
    model: Mapping[str, Any] = loader().load_service_model(SERVICE, "service-2")
    return model


def shape(name: str) -> Mapping[str, Any]:
    """One shape of the model, by its name."""
    found: Mapping[str, Any] = service_model()["shapes"][name]
    return found


def handler_model(operations: tuple[str, ...] = HANDLER_OPERATIONS) -> dict[str, Any]:
    """The model as far as the handler's client reads it: its operations, and what they reach.

    Raises:
        ValueError: The installed botocore doesn't know one of the operations.
    """
    model = service_model()
    missing = [name for name in operations if name not in model["operations"]]
    if missing:
        raise ValueError(
            f"The installed botocore has no {', '.join(missing)} for {SERVICE}: "
            "install botocore 1.42.94 or later."
        )
    # Without their errors, so that nothing reaches the shapes of these.
    kept = without(_UNREAD, {name: model["operations"][name] for name in sorted(operations)})
    shapes = {**model["shapes"], **_shapes_as_read(model["shapes"])}
    reached: set[str] = set()
    pending = [name for operation in kept.values() for name in _shape_references(operation)]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending.extend(_shape_references(shapes[name]))
    result: dict[str, Any] = without(
        _UNREAD,
        {
            "version": model["version"],
            "metadata": model["metadata"],
            "operations": kept,
            "shapes": {name: shapes[name] for name in sorted(reached)},
        },
    )
    return result


def _shapes_as_read(shapes: Mapping[str, Any]) -> dict[str, Any]:
    """The shapes of answers, with the members that the handler reads."""
    return {
        name: {
            "type": "structure",
            "members": {key: shapes[name]["members"][key] for key in members},
        }
        for name, members in HANDLER_READS.items()
    }


def _shape_references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "shape" and isinstance(value, str):
                yield value
            else:
                yield from _shape_references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _shape_references(item)


def without(keys: Container[str], node: Any) -> Any:
    """A copy without the values of these keys, wherever they are.

    A mapping is kept: that is a member of a shape, and may be called anything.
    """
    if isinstance(node, Mapping):
        return {
            key: without(keys, value)
            for key, value in node.items()
            if key not in keys or isinstance(value, Mapping)
        }
    if isinstance(node, list):
        return [without(keys, item) for item in node]
    return node
