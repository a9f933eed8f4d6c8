"""Checks the caller's credentials and region."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from botocore.parsers import ResponseParserError

from .._emr.aws import Aws
from .._emr.aws_errors import credentials_advice
from .finding import Finding, ok, wrong

CREDENTIALS = "credentials"


@dataclass(frozen=True)
class Caller:
    """Whose credentials are in use."""

    arn: str
    account: str
    region: str

    @property
    def is_root(self) -> bool:
        """Whether it is the account's root user, whom no policy limits."""
        return self.arn.endswith(":root")


def read_caller(aws: Aws) -> Caller | Finding:
    """Ask AWS who is asking; what is wrong, where it doesn't say."""
    try:
        # First, because STS has an endpoint for whoever has no region.
        region = str(aws.emr_serverless().meta.region_name)
        identity = aws.of("sts").get_caller_identity()
    except NoRegionError:
        return wrong(CREDENTIALS, "no region is set", "Give --region, or set AWS_REGION.")
    except (BotoCoreError, ClientError) as error:
        said = " ".join(str(error).split()).rstrip(".")
        advice = credentials_advice(error, aws.session)
        return wrong(CREDENTIALS, said, advice or "Check the network connection to AWS.")
    except ResponseParserError:
        return wrong(
            CREDENTIALS,
            "something between here and AWS answered instead of it",
            "Check the network, and HTTPS_PROXY.",
        )
    return Caller(identity["Arn"], identity["Account"], region)


def caller_finding(caller: Caller) -> Finding:
    """Say whose credentials are in use, and where."""
    return ok(CREDENTIALS, f"{caller.arn} in {caller.region}")
