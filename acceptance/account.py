"""The account: its boto3 clients, and the CDK CLI's environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import boto3

# On everything that a run makes; its value is the run's id.
TAG = "cdk-emr-serverless-session:acceptance"


class Account:
    """An account and region, by a profile of the AWS configuration.

    Args:
        folder: An existing folder for what the CLI writes.
        profile: The profile; the environment's credentials if None.
        region: The region.
        run: The id of the run, which everything that it makes is tagged with.
    """

    def __init__(self, folder: Path, *, profile: str | None, region: str, run: str) -> None:
        self.folder = folder
        self.region = region
        self.run = run
        self._profile = profile
        # Typed loosely: the services are chosen at run time.
        self._boto: Any = boto3.Session(profile_name=profile, region_name=region)
        self._clients: dict[str, Any] = {}

    @property
    def tags(self) -> dict[str, str]:
        """What everything is tagged with."""
        return {TAG: self.run}

    def client(self, service: str) -> Any:
        """A boto3 client of a service."""
        if service not in self._clients:
            self._clients[service] = self._boto.client(service)
        return self._clients[service]

    def client_of(self, service: str, credentials: dict[str, Any]) -> Any:
        """A client of a service with what AssumeRole gave."""
        return self._boto.client(
            service,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def number(self) -> str:
        """The account's number."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def environment(self) -> dict[str, str]:
        """The environment of the CDK CLI."""
        profile = {"AWS_PROFILE": self._profile} if self._profile else {}
        return {
            **os.environ,
            **profile,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }
