"""The SSM parameter that names the current session: the one call to SSM.

CloudFormation makes it, writes it whenever the stack's session is another one, and removes it.
Between deployments a successor is written here.
"""

from __future__ import annotations

from typing import Any

from session_handler.errors import classify
from session_handler.identity import SessionArn


class CurrentSession:
    """The parameter, over a botocore client."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def names(self, arn: SessionArn) -> None:
        """Make the parameter name this session. Raises ServiceError."""
        try:
            self._client.put_parameter(Name=self._name, Value=arn.arn, Overwrite=True)
        except Exception as error:  # noqa: BLE001 - classified
            raise classify("PutParameter", error) from None
