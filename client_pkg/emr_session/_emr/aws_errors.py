"""Errors of AWS: which are temporary, and what helps if credentials are missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from ..errors import CredentialsError


def is_temporary(error: BotoCoreError | ClientError) -> bool:
    """Whether the service throttles or is away, so that the same request may pass in a while.

    By the error's code first: a ThrottlingException comes with HTTP 400, too.
    """
    # Not before here: the command's help does without.
    from botocore.retries.standard import (
        RetryContext,
        ThrottledRetryableChecker,
        TransientRetryableChecker,
    )

    checkers = (ThrottledRetryableChecker(), TransientRetryableChecker())
    response = error.response if isinstance(error, ClientError) else {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    asked = RetryContext(attempt_number=1, parsed_response=response, caught_exception=error)
    return status == 429 or status >= 500 or any(one.is_retryable(asked) for one in checkers)


def explained(error: BotoCoreError | ClientError, session: Any) -> Exception:
    """The same error, or one that says how to get credentials, where that is what is missing.

    Args:
        error: What boto3 raised.
        session: The boto3 session that it raised it for.
    """
    advice = credentials_advice(error, session)
    return CredentialsError(f"{_sentence(error)} {advice}") if advice else error


@contextmanager
def credentials_explained(session: Any) -> Iterator[None]:
    """Raise ``CredentialsError`` for whatever boto3 raises for want of valid credentials."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raised = explained(error, session)
        if raised is error:
            raise
        raise raised from error


def credentials_advice(error: BotoCoreError | ClientError, session: Any) -> str | None:
    """What to do for valid credentials, or None for an error that has another cause."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in _CLOCK_CODES or "Signature expired" in str(error):
            return "Set this machine's clock."
        if code not in _CREDENTIALS_CODES:
            return None
    elif not isinstance(error, _NO_CREDENTIALS):
        return None
    profile = session.profile_name
    named = f" --profile {profile}" if profile != "default" else ""
    if isinstance(error, SSOError | TokenRetrievalError):
        return f"Sign in again: aws sso login{named}"
    if isinstance(error, LoginError):
        return f"Sign in again: aws login{named}"
    return _BY_METHOD.get(_method(session), _SIGN_IN).format(profile=profile, named=named)


def _method(session: Any) -> str:
    """Where botocore has the credentials from, by its own name for it."""
    try:
        credentials = session.get_credentials()
    except BotoCoreError:
        return ""
    return str(credentials.method) if credentials else ""


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") + "."


_CREDENTIALS_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
    }
)
_CLOCK_CODES = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    SSOError,
    TokenRetrievalError,
    LoginError,
)
_SIGN_IN = (
    "Sign in (aws sso login{named}), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY."
)
_BY_METHOD = {
    "sso": "Sign in again: aws sso login{named}",
    "login": "Sign in again: aws login{named}",
    "env": (
        "The credentials are those of the environment: replace AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or unset them and sign in (aws sso login)."
    ),
    "shared-credentials-file": "Replace the keys of profile {profile} in ~/.aws/credentials.",
    "config-file": "Replace the keys of profile {profile} in ~/.aws/config.",
    "custom-process": "The credential_process of profile {profile} gave them: run it and look.",
    "assume-role": (
        "The role of profile {profile} was assumed with another profile's credentials: sign in "
        "with that one (aws sso login --profile SOURCE)."
    ),
    "iam-role": "They come from this machine's role: check its instance profile.",
    "container-role": "They come from this container's role: check its task or pod role.",
}
