"""Starts a session on a local AWS."""

import contextlib
import time
from typing import Any

from testbed.local_aws import LocalAws

SECONDS = 180
APPLICATION = {
    "clientToken": "spark",
    "type": "SPARK",
    "releaseLabel": "emr-spark-8.1.0",
    "interactiveConfiguration": {"sessionEnabled": True},
}
EXECUTION_TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
    '"Principal": {"Service": "emr-serverless.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
)


def started(
    aws: LocalAws, application: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """A session that is STARTED, as GetSession describes it.

    Args:
        aws: Where.
        application: Fields of CreateApplication, beside those that it needs.
        fields: Fields of StartSession, beside those that it needs.
    """
    client = aws.client("emr-serverless")
    iam = aws.client("iam")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="execution", AssumeRolePolicyDocument=EXECUTION_TRUST)
    role = iam.get_role(RoleName="execution")["Role"]["Arn"]
    made = client.create_application(**{**APPLICATION, **(application or {})})
    asked = client.start_session(
        applicationId=made["applicationId"], executionRoleArn=role, **fields
    )
    ids = {"applicationId": made["applicationId"], "sessionId": asked["sessionId"]}
    until = time.monotonic() + SECONDS
    while True:
        session: dict[str, Any] = client.get_session(**ids)["session"]
        if session["state"] == "STARTED":
            return session
        assert session["state"] in ("SUBMITTED", "STARTING"), session["stateDetails"]
        assert time.monotonic() < until
        time.sleep(0.1)
