"""Turns an exception into one line: what was asked, what is wrong, what to do."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoRegionError,
    ProfileNotFound,
)

from .._emr.aws_errors import is_temporary


def failure(error: Exception, profile: str | None) -> str:
    """The line for an error.

    Args:
        error: One of the client's, or of botocore's.
        profile: The profile of the AWS configuration that is in use, where it isn't the default.
    """
    text = " ".join(str(error).split()).rstrip(".") + "."
    advice = _advice(error, f" (profile {profile})" if profile else "")
    return f"{text} {advice}" if advice else text


def _advice(error: Exception, named: str) -> str:
    if isinstance(error, ClientError):
        if is_temporary(error):
            return "AWS throttles or is unavailable for the moment: try again in a minute."
        return _advice_of_service(error, named)
    if isinstance(error, NoRegionError):
        return f"Give --region, set AWS_REGION, or set the region of the profile{named}."
    if isinstance(error, ProfileNotFound):
        return "Give --profile or set AWS_PROFILE: aws configure list-profiles shows them."
    if isinstance(error, ConnectionError | HTTPClientError):
        return "Check the network, and that the service is in this region, then try again."
    if isinstance(error, BotoCoreError):
        return f"Check the AWS configuration{named}: aws configure list shows it."
    return ""


def _advice_of_service(error: ClientError, named: str) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if "AccessDenied" in code or code == "UnauthorizedOperation":
        return f"Ask for permission for that action{named}, or use another --profile."
    if code == "ResourceNotFoundException":
        return f"Check id, region and account{named}: emr-session list shows the sessions."
    return "Check the arguments, then try again."
