"""Errors of AWS: which are temporary, and what helps where credentials or network are wrong."""

from __future__ import annotations

import os
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
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from ..errors import CredentialsError, NetworkError


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
    """Raise ``CredentialsError`` for want of valid credentials.

    And ``NetworkError`` where the environment says how AWS is reached, or a web page came back.
    """
    try:
        yield
    except ResponseParserError as error:
        raise NetworkError(_NOT_AWS) from error
    except (BotoCoreError, ClientError) as error:
        raised = explained(error, session)
        advice = _network_advice(error)
        if advice:
            raise NetworkError(advice) from error
        if raised is error:
            raise
        raise raised from error


def _network_advice(error: BotoCoreError | ClientError) -> str | None:
    """What is wrong and what to do, if the environment tells."""
    if isinstance(error, ClientError):
        return _NOT_AWS if "<html" in str(error).lower() else None
    if isinstance(error, SSLError):
        bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")
        named = f" Trusted now: {bundle}." if bundle else ""
        return (
            f"{_sentence(error)} AWS_CA_BUNDLE (or ca_bundle of the profile) has to name a file "
            f"with the certificates to trust: with that of a proxy that intercepts TLS.{named}"
        )
    if isinstance(error, ProxyConnectionError):
        url = error.kwargs.get("proxy_url", "")
        names = [n for n in os.environ if n.lower().endswith("_proxy") and os.environ[n] == url]
        return f"{_sentence(error)} Check {' and '.join(names) or 'the proxy in the AWS settings'}."
    return None


_NOT_AWS = (
    "Something between here and AWS answered instead of it, as a proxy's page of what is blocked "
    "does. Check the network, and HTTPS_PROXY."
)


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
