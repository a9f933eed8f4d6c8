"""``AWS::EMRServerless::Application`` for MiniStack's CloudFormation.

Turns a template's properties into the service's requests; touches the session
service only. Fails as CloudFormation does: an application that is started is
neither updated nor deleted.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from ...sessions import SessionService, wire
from ...sessions.application import STARTED_REFUSAL
from ...sessions.errors import NotFound, ServiceError, Validation

RESOURCE_TYPE = "AWS::EMRServerless::Application"
# A change of one of these makes a new application.
REPLACING_PROPERTIES = frozenset({"Name", "Type"})

Properties = Mapping[str, Any]


class ApplicationResource:
    """The resource type's create, update and delete, as MiniStack calls them."""

    def __init__(self, service: Callable[[], SessionService]) -> None:
        self._service = service

    def create(
        self,
        logical_id: str,  # noqa: ARG002
        properties: Properties,
        stack_name: str,  # noqa: ARG002
    ) -> tuple[str, dict[str, str]]:
        """Create an application; gives its id and its attributes."""
        made = self._ask(
            "CreateApplication", {**_request(properties), "clientToken": uuid.uuid4().hex}
        )
        return made["applicationId"], _attributes(made)

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack_name: str,  # noqa: ARG002
    ) -> tuple[str, dict[str, str]]:
        """Change an application in place: its settings if they differ, and its tags.

        Tags are refused of a started one, as other settings are, though TagResource takes them
        (aws/aws-cdk issue 35488).
        """
        before, after = _request(old), _request(new)
        old_tags, new_tags = before.pop("tags", {}), after.pop("tags", {})
        for fixed in ("name", "type"):
            before.pop(fixed, None)
            after.pop(fixed, None)
        if before != after:
            token = {"applicationId": physical_id, "clientToken": uuid.uuid4().hex}
            self._ask("UpdateApplication", {**after, **token})
        application = self._service().application(physical_id)
        if old_tags != new_tags and application.state == "STARTED":
            raise _as_cloudformation(Validation(STARTED_REFUSAL))
        for key in old_tags.keys() - new_tags.keys():
            application.tags.pop(key, None)
        application.tags.update(new_tags)
        return physical_id, _attributes(application.describe())

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002
        """Delete an application, if it is there at all."""
        try:
            if self._service().application(physical_id).state == "TERMINATED":
                return
        except NotFound:
            return
        self._ask("DeleteApplication", {"applicationId": physical_id})

    def _ask(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._service().perform(operation, params)
        except ServiceError as error:
            raise _as_cloudformation(error) from error


def _as_cloudformation(error: ServiceError) -> ValueError:
    """A refusal of the service, in the form that CloudFormation hands it on."""
    return ValueError(
        f'Resource handler returned message: "{error.message} (Service: EmrServerless, '
        f'Status Code: {error.status}, Request ID: {uuid.uuid4()})" '
        f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: InvalidRequest)"
    )


def _attributes(application: Mapping[str, Any]) -> dict[str, str]:
    return {"ApplicationId": application["applicationId"], "Arn": application["arn"]}


def _request(properties: Properties) -> dict[str, Any]:
    """The properties in the service's own spelling and types."""
    request = _translate(wire.input_shape("CreateApplication"), properties)
    if not isinstance(request, dict):
        raise TypeError("properties are a map")
    return request


def _translate(shape: Shape, value: Any) -> Any:
    """A template's value as the service's: members renamed, lists of pairs made maps."""
    if isinstance(shape, StructureShape):
        members = {name.lower(): name for name in shape.members}
        return {
            members[key.lower()]: _translate(shape.members[members[key.lower()]], item)
            for key, item in value.items()
            if key.lower() in members
        }
    if isinstance(shape, MapShape):
        pairs = {pair["Key"]: pair["Value"] for pair in value} if isinstance(value, list) else value
        return {key: _translate(shape.value, item) for key, item in pairs.items()}
    if isinstance(shape, ListShape):
        return [_translate(shape.member, item) for item in value]
    if shape.type_name == "boolean":
        return str(value).lower() == "true"
    return int(value) if shape.type_name in ("integer", "long") else str(value)
