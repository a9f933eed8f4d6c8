"""Parses requests and renders responses by botocore's service model.

Requests are matched to an operation, taken apart and checked for what the
model says (required, type, length, range, pattern, enum); responses are cut to
the model's shape. Knows nothing of what the operations do.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import botocore.session
from botocore.model import (
    ListShape,
    MapShape,
    OperationModel,
    ServiceModel,
    Shape,
    StringShape,
    StructureShape,
)

from .errors import Malformed, ServiceError, UnknownOperation, Validation

Query = Mapping[str, Sequence[str]]

# The model's pattern for ARNs of tagged resources knows applications and job
# runs only, though sessions are tagged through the same operations.
_TAGGED_ARN = (
    r"arn:(aws[a-zA-Z0-9-]*):emr-serverless:.+:(\d{12}):\/applications\/[0-9a-zA-Z]+"
    r"(\/(jobruns|sessions)\/[0-9a-zA-Z]+)?"
)
_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
    "boolean": bool,
    "list": list,
    "map": dict,
    "structure": dict,
    "timestamp": (int, float),
}


@functools.cache
def service_model() -> ServiceModel:
    """botocore's model of EMR Serverless."""
    return botocore.session.get_session().get_service_model("emr-serverless")


def input_shape(operation: str) -> StructureShape:
    """What an operation is asked with."""
    shape = service_model().operation_model(operation).input_shape
    if shape is None:
        raise TypeError(f"{operation} has no input")
    return shape


@functools.cache
def _routes() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Method, path and name of each operation, the more literal paths first."""
    routes = []
    for name in service_model().operation_names:
        http = service_model().operation_model(name).http
        uri = http["requestUri"]
        # A resource's ARN has slashes of its own; it is the last part of its path.
        pattern = re.sub(
            r"\{(\w+)\}",
            lambda label: f"(?P<{label[1]}>{'.+' if label[1] == 'resourceArn' else '[^/]*'})",
            uri,
        )
        routes.append((http["method"], re.compile(pattern), name, uri.count("{")))
    routes.sort(key=lambda route: route[3])
    return tuple(route[:3] for route in routes)


def parse(
    method: str, path: str, body: bytes, query: Query
) -> tuple[OperationModel, dict[str, Any]]:
    """The operation that a request asks for, and its parameters, not yet checked."""
    plain = unquote(path)
    for verb, pattern, name in _routes():
        match = pattern.fullmatch(plain) if verb == method else None
        if match:
            operation = service_model().operation_model(name)
            return operation, _parameters(operation, match.groupdict(), body, query)
    raise UnknownOperation(f"No operation at {method} {path}")


def check(operation: OperationModel, params: Mapping[str, Any]) -> None:
    """Refuse parameters that break the model, in the service's own words."""
    problems = list(_problems(input_shape(operation.name), params, ""))
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        raise Validation(f"{len(problems)} validation {noun} detected: " + "; ".join(problems))


def render(operation: OperationModel, result: Mapping[str, Any]) -> bytes:
    """A result as the JSON that botocore parses: only what the model knows, nothing absent."""
    if operation.output_shape is None:
        return b"{}"
    return json.dumps(_cut(operation.output_shape, result)).encode()


def render_error(error: ServiceError) -> tuple[dict[str, str], bytes]:
    """Headers and body of an error answer."""
    return {"x-amzn-errortype": error.code}, json.dumps({"message": error.message}).encode()


def _parameters(
    operation: OperationModel, labels: Mapping[str, str], body: bytes, query: Query
) -> dict[str, Any]:
    params: dict[str, Any] = {}
    content = _content(body)
    for name, shape in input_shape(operation.name).members.items():
        location = shape.serialization.get("location")
        wire_name = shape.serialization.get("name", name)
        if location == "uri":
            params[name] = labels[wire_name]
        elif location == "querystring":
            if query.get(wire_name):
                params[name] = _from_query(shape, list(query[wire_name]), name)
        elif content.get(wire_name) is not None:
            _require_type(shape, content[wire_name], name)
            params[name] = content[wire_name]
    return params


def _content(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise Malformed("The body is not a JSON object")
    return content


def _from_query(shape: Shape, values: list[str], name: str) -> Any:
    if isinstance(shape, ListShape):
        return [_from_query(shape.member, [value], name) for value in values]
    value = values[0]
    try:
        if shape.type_name in ("integer", "long"):
            return int(value)
        if shape.type_name == "timestamp":
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError as error:
        raise Malformed(f"'{name}' is not of type {shape.type_name}: {value}") from error
    return value


def _require_type(shape: Shape, value: Any, at: str) -> None:
    fits = isinstance(value, _PYTHON_TYPES[shape.type_name])
    # To Python a boolean is a number, too.
    if not fits or isinstance(value, bool) != (shape.type_name == "boolean"):
        raise Malformed(f"'{at}' is not of type {shape.type_name}")
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                _require_type(member, value[name], f"{at}.{name}")
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value):
            _require_type(shape.member, item, f"{at}.{index + 1}")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            _require_type(shape.value, item, f"{at}.{key}")


def _problems(shape: Shape, value: Any, at: str) -> Iterator[str]:
    """What is wrong with a value, one sentence a constraint."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            place = f"{at}.{name}" if at else name
            if value.get(name) is not None:
                yield from _problems(member, value[name], place)
            elif name in shape.required_members:
                yield f"Value at '{place}' failed to satisfy constraint: Member must not be null"
        return
    if isinstance(shape, ListShape):
        yield from _out_of_bounds(shape, len(value), at, "length", "")
        for index, item in enumerate(value):
            yield from _problems(shape.member, item, f"{at}.{index + 1}.member")
    elif isinstance(shape, MapShape):
        yield from _out_of_bounds(shape, len(value), at, "length", "")
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{at}.key")
            yield from _problems(shape.value, item, f"{at}.{key}.member")
    elif isinstance(shape, StringShape):
        yield from _out_of_bounds(shape, len(value), at, "length", value)
        pattern = _TAGGED_ARN if shape.name == "ResourceArn" else shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield _problem(value, at, f"satisfy regular expression pattern: {pattern}")
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield _problem(value, at, f"satisfy enum value set: [{', '.join(shape.enum)}]")
    elif shape.type_name in ("integer", "long"):
        yield from _out_of_bounds(shape, value, at, "value", value)


def _out_of_bounds(shape: Shape, size: int, at: str, what: str, shown: Any) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _problem(shown, at, f"have {what} greater than or equal to {low}")
    if high is not None and size > high:
        yield _problem(shown, at, f"have {what} less than or equal to {high}")


def _problem(value: Any, at: str, constraint: str) -> str:
    return f"Value '{value}' at '{at}' failed to satisfy constraint: Member must {constraint}"


def _cut(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return {
            name: _cut(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [_cut(shape.member, item) for item in value]
    return value
