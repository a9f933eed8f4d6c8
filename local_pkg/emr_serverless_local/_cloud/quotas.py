"""Service Quotas: the quota of EMR Serverless, with the value of a new account.

MiniStack has no Service Quotas. Nothing here is enforced: the local AWS has no vCPU to run out of.
"""

import json
from collections.abc import Mapping, Sequence

from ministack import app as ministack_app
from ministack.core import router

SERVICE = "servicequotas"
# "Max concurrent vCPUs per account"
VCPU_QUOTA = "L-D05C8A75"
NEW_ACCOUNT_VCPU = 16.0

_TARGET = "ServiceQuotasV20190624"
_HEADERS = {"Content-Type": "application/x-amz-json-1.1"}


def install() -> None:
    """Add the service. Doing it twice does no harm."""
    router.SERVICE_PATTERNS[SERVICE] = {
        "target_prefixes": [_TARGET],
        "host_patterns": [r"servicequotas\."],
    }
    ministack_app.SERVICE_REGISTRY[SERVICE] = {"module": SERVICE}
    ministack_app.SERVICE_HANDLERS[SERVICE] = handle


async def handle(
    method: str,  # noqa: ARG001 - MiniStack's signature
    path: str,  # noqa: ARG001
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, Sequence[str]],  # noqa: ARG001
) -> tuple[int, dict[str, str], bytes]:
    """Answer GetServiceQuota and GetAWSDefaultServiceQuota."""
    operation = headers.get("x-amz-target", "").partition(".")[2]
    if operation not in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        return _error("UnknownOperationException", f"{operation} is not part of the local AWS")
    asked = json.loads(body or b"{}")
    if (asked.get("ServiceCode"), asked.get("QuotaCode")) != ("emr-serverless", VCPU_QUOTA):
        return _error(
            "NoSuchResourceException", "The request failed because there is no such quota"
        )
    quota = {
        "ServiceCode": "emr-serverless",
        "ServiceName": "Amazon EMR Serverless",
        "QuotaCode": VCPU_QUOTA,
        "QuotaName": "Max concurrent vCPUs per account",
        "Value": NEW_ACCOUNT_VCPU,
        "Adjustable": True,
    }
    return 200, dict(_HEADERS), json.dumps({"Quota": quota}).encode()


def _error(code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    return 400, dict(_HEADERS), json.dumps({"__type": code, "Message": message}).encode()
