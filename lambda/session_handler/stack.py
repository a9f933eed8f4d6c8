"""The stack's resource, as CloudFormation says it is now: the one call to CloudFormation."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from session_handler.errors import classify
from session_handler.identity import Owner


class StackResource:
    """The custom resource that a session belongs to, over a botocore client."""

    def __init__(self, client: Any, owner: Owner) -> None:
        self._client = client
        self._owner = owner

    def rests_on(self, physical_id: str | None) -> bool:
        """Whether the resource holds this physical id, and no operation is under way on it.

        Raises:
            ServiceError: CloudFormation didn't answer, or refused to.
        """
        try:
            answer = self._client.describe_stack_resource(
                StackName=self._owner.stack_id, LogicalResourceId=self._owner.logical_id
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ValidationError":
                return False  # that is how CloudFormation says that it doesn't exist (any more)
            raise classify("DescribeStackResource", error) from None
        except Exception as error:  # noqa: BLE001 - classified
            raise classify("DescribeStackResource", error) from None
        resource = answer["StackResourceDetail"]
        status = str(resource["ResourceStatus"])
        at_rest = status.endswith("_COMPLETE") and status != "DELETE_COMPLETE"
        return at_rest and resource.get("PhysicalResourceId") == physical_id
