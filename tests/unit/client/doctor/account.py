"""An account with IAM and Service Quotas, for the doctor."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote

import pyspark

from tests.unit.client.account import Account, Answer, refusal, xml_answer

# A release whose Spark is of the installed PySpark's major version: nothing is wrong with that.
RELEASE = "emr-7.13.0" if pyspark.__version__.startswith("3.") else "emr-spark-8.1.0"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "emr-serverless.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass
class DoctorAccount(Account):
    """What there is; the caller is the account's root user, whom nothing is refused."""

    # Trust policies by the role's name.
    roles: dict[str, Mapping[str, Any]] = field(default_factory=lambda: {"execution": TRUST})
    # None for a quota that was never raised: the default counts.
    vcpu: float | None = 4000
    default_vcpu: float = 16
    refused_actions: set[str] = field(default_factory=set)

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Sequence[str]],
    ) -> Answer:
        """Answer a request to any of the services."""
        target = headers.get("x-amz-target", "")
        if target.startswith("ServiceQuotasV20190624."):
            return self._quota(target.partition(".")[2])
        form = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        action = form.get("Action", "")
        if action in self.refused_actions:
            return refusal("AccessDenied", "User is not authorized to perform the action", 403)
        if self.expired:
            return refusal("ExpiredToken", "The security token is expired", 403)
        if action == "GetCallerIdentity":
            return xml_answer(
                action,
                "<Arn>arn:aws:iam::000000000000:root</Arn><Account>000000000000</Account>"
                "<UserId>000000000000</UserId>",
            )
        if action == "GetRole":
            return self._role(form["RoleName"])
        return super().handle(method, path, headers, body, query)

    def _quota(self, operation: str) -> Answer:
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        if operation in self.refused_actions:
            refusal = {"__type": "AccessDeniedException", "Message": "not authorized"}
            return 400, headers, json.dumps(refusal).encode()
        value = self.vcpu if operation == "GetServiceQuota" else self.default_vcpu
        if value is None:
            missing = {"__type": "NoSuchResourceException", "Message": "no such quota"}
            return 400, headers, json.dumps(missing).encode()
        return 200, headers, json.dumps({"Quota": {"Value": value}}).encode()

    def _role(self, name: str) -> Answer:
        if name not in self.roles:
            return refusal("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        trust = quote(json.dumps(self.roles[name]))
        return xml_answer(
            "GetRole",
            f"<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId>"
            f"<Arn>arn:aws:iam::000000000000:role/{name}</Arn>"
            "<CreateDate>2026-01-01T00:00:00Z</CreateDate>"
            f"<AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role>",
        )
