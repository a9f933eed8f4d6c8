"""The asset's service model is the installed botocore's, for the operations in use."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.parsers import create_parser

from cdk_emr_serverless_session._emr.model import HANDLER_OPERATIONS
from cdk_emr_serverless_session._provider.asset import handler_source


def models(asset: str) -> tuple[ServiceModel, ServiceModel]:
    data = json.loads((Path(asset) / "session_handler" / "data.json").read_text())
    installed = Loader().load_service_model("emr-serverless", "service-2")
    return ServiceModel(data["emr-serverless/service-2"]), ServiceModel(installed)


# In a shape's metadata, but neither validated nor sent nor parsed by.
UNREAD = {"enum", "max", "pattern", "sensitive"}


def described(shape: Shape | None, seen: tuple[str, ...] = ()) -> Any:
    """A shape with all that botocore serializes, validates and parses by."""
    if shape is None:
        return None
    if shape.name in seen:
        return f"again {shape.name}"
    seen = (*seen, shape.name)
    parts: dict[str, Any] = {
        "name": shape.name,
        "type": shape.type_name,
        "metadata": {k: v for k, v in shape.metadata.items() if k not in UNREAD},
        "serialization": shape.serialization,
    }
    if isinstance(shape, StructureShape):
        parts["members"] = {name: described(part, seen) for name, part in shape.members.items()}
    elif isinstance(shape, ListShape):
        parts["member"] = described(shape.member, seen)
    elif isinstance(shape, MapShape):
        parts["entries"] = [described(shape.key, seen), described(shape.value, seen)]
    return parts


@pytest.mark.parametrize("operation", HANDLER_OPERATIONS)
def test_an_operation_is_described_as_in_the_installed_botocore(asset: str, operation: str) -> None:
    ours, stock = (model.operation_model(operation) for model in models(asset))
    for attribute in (
        "http",
        "auth",
        "auth_type",
        "idempotent_members",
        "endpoint",
        "has_event_stream_output",
    ):
        assert getattr(ours, attribute) == getattr(stock, attribute), attribute
    assert described(ours.input_shape) == described(stock.input_shape)
    assert differing(described(ours.output_shape), described(stock.output_shape)) == []


@pytest.mark.parametrize("operation", HANDLER_OPERATIONS)
def test_an_errors_code_and_message_are_read_without_its_shape(asset: str, operation: str) -> None:
    ours, stock = (model.operation_model(operation) for model in models(asset))
    parser: Any = create_parser("rest-json")
    for error in stock.error_shapes:
        answer = {
            "status_code": error.metadata["error"]["httpStatusCode"]
            if "error" in error.metadata
            else 500,
            "headers": {"x-amzn-errortype": error.name},
            "body": b'{"message": "why"}',
        }
        read = parser.parse(answer, ours.output_shape)["Error"]
        assert read == parser.parse(answer, stock.output_shape)["Error"]
        assert (read["Code"], read["Message"]) == (error.name, "why")


def differing(ours: Any, stock: Any, path: str = "") -> list[str]:
    """Where an answer would be read otherwise; a member less, in ours, is not read at all.

    Which members are required, botocore looks at in requests alone.
    """
    if not isinstance(ours, dict) or not isinstance(stock, dict):
        return [] if ours == stock else [path]
    if path.endswith("/metadata"):
        ours, stock = ({**metadata, "required": None} for metadata in (ours, stock))
    missing = set() if path.endswith("/members") else stock.keys() - ours.keys()
    return [f"{path}/{key}" for key in missing] + [
        found for key in ours for found in differing(ours[key], stock.get(key), f"{path}/{key}")
    ]


def test_the_service_is_described_as_in_the_installed_botocore(asset: str) -> None:
    ours, stock = models(asset)
    assert ours.metadata == stock.metadata


# What the handler calls answers by: their shapes, and the operations that return them.
ANSWERS = (
    "Application",
    "AutoStartConfig",
    "GetApplicationResponse",
    "GetSessionResponse",
    "InteractiveConfiguration",
    "ListSessionsResponse",
    "Session",
    "SessionSummary",
    "StartSessionResponse",
)


def read_by_the_handler() -> set[str]:
    """Every name that the handler looks up in a mapping: ``x["name"]``, ``x.get("name")``."""
    found = set()
    for module in handler_source().glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Subscript):
                key: ast.expr = node.slice
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get"
                and node.args
            ):
                key = node.args[0]
            else:
                continue
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                found.add(key.value)
    return found


@pytest.mark.parametrize("shape", ANSWERS)
def test_what_the_handler_reads_of_an_answer_is_in_the_assets_model(asset: str, shape: str) -> None:
    """botocore passes over what the model doesn't name: in Lambda alone it would be missing.

    A name that several answers have counts for each of them, and so do names that are only read
    of other mappings: that costs a few bytes, and lets nothing slip through.
    """
    ours, stock = (model.shape_for(shape) for model in models(asset))
    assert isinstance(ours, StructureShape)
    assert isinstance(stock, StructureShape)
    assert (read_by_the_handler() & set(stock.members)) - set(ours.members) == set()


def test_nothing_is_in_the_repository_that_could_grow_old() -> None:
    root = Path(__file__).resolve().parents[3]
    sources = [*(root / "lambda").rglob("*.json"), *(root / "constructs_pkg").rglob("*.json")]
    assert sources == []
