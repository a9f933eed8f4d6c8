"""The AWS clients: the caller's, or boto3's from the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_emr_serverless import EMRServerlessClient

# A person waits for the answer: botocore itself would try for five minutes.
ANSWER_SECONDS = 10
ATTEMPTS = 3


class Aws:
    """Clients of EMR Serverless and Systems Manager, made when they are first needed."""

    def __init__(
        self,
        *,
        client: EMRServerlessClient | None = None,
        session: boto3.Session | None = None,
    ) -> None:
        """Clients of a boto3 session.

        Args:
            client: A client of ``emr-serverless`` to use for every session, whatever its region.
            session: The boto3 session to make clients with; boto3's default if there is none.
        """
        # Not before here: the command's help does without.
        import boto3

        self._given = client
        self.session = session or boto3.Session(
            region_name=client.meta.region_name if client else None
        )
        self._made: dict[tuple[str, str | None], Any] = {}

    def emr_serverless(self, region: str | None = None) -> EMRServerlessClient:
        """The client for sessions of a region; without one, of the region of the environment."""
        client: EMRServerlessClient = self._given or self.of("emr-serverless", region)
        return client

    def of(self, service: str, region: str | None = None) -> Any:
        """A client of any service. Typed loosely: the services are chosen at run time."""
        key = (service, region)
        if key not in self._made:
            from botocore.config import Config

            config = Config(
                connect_timeout=ANSWER_SECONDS,
                read_timeout=ANSWER_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            )
            make: Any = self.session.client
            self._made[key] = make(service, region_name=region, config=config)
        return self._made[key]

    @property
    def ca_bundle(self) -> str | None:
        """The file of certificate authorities that boto3 trusts, where it is told of one."""
        configured = self.session._session.get_config_variable("ca_bundle")
        return configured or os.environ.get("REQUESTS_CA_BUNDLE") or None
