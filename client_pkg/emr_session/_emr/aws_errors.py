"""Which errors of AWS pass by themselves, by botocore's own retry rules."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries.standard import (
    RetryContext,
    ThrottledRetryableChecker,
    TransientRetryableChecker,
)

_CHECKERS = (ThrottledRetryableChecker(), TransientRetryableChecker())


def is_temporary(error: BotoCoreError | ClientError) -> bool:
    """Whether the service throttles or is away, so that the same request may pass in a while.

    By the error's code first: a ThrottlingException comes with HTTP 400, too.
    """
    response = error.response if isinstance(error, ClientError) else {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    asked = RetryContext(attempt_number=1, parsed_response=response, caught_exception=error)
    return status == 429 or status >= 500 or any(one.is_retryable(asked) for one in _CHECKERS)
