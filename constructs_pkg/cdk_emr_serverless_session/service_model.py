"""botocore's description of EMR Serverless: what the checks and the Lambda asset are made from."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader

SERVICE = "emr-serverless"

# Everything that the handler calls. The model in the asset has these operations and no other.
HANDLER_OPERATIONS = (
    "GetApplication",
    "GetSession",
    "ListSessions",
    "ListTagsForResource",
    "StartSession",
    "StopApplication",
    "TagResource",
    "TerminateSession",
    "UntagResource",
)


@cache
def loader() -> Loader:
    """The loader of the botocore that is installed."""
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


def trimmed_model(operations: tuple[str, ...] = HANDLER_OPERATIONS) -> dict[str, Any]:
    """The model with only the given operations and the shapes they reach, without documentation.

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
    kept = {name: model["operations"][name] for name in sorted(operations)}
    reached: set[str] = set()
    pending = [name for operation in kept.values() for name in _shape_references(operation)]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending.extend(_shape_references(model["shapes"][name]))
    trimmed = {
        "version": model["version"],
        "metadata": model["metadata"],
        "operations": kept,
        "shapes": {name: model["shapes"][name] for name in sorted(reached)},
    }
    result: dict[str, Any] = _without_documentation(copy.deepcopy(trimmed))
    return result


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


def _without_documentation(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {
            key: _without_documentation(value)
            for key, value in node.items()
            # A member may itself be called "documentation": that one is a mapping, not a text.
            if not (key in ("documentation", "documentationUrl") and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_without_documentation(item) for item in node]
    return node
