"""The errors of the client. Each message says what was asked, what is wrong, and what to do."""

from collections.abc import Sequence


class ConnectError(Exception):
    """The base of the client's errors."""


class CredentialsError(ConnectError):
    """There are no AWS credentials, or AWS doesn't accept them (any more)."""


class NetworkError(ConnectError):
    """AWS can't be reached as the environment says, or something between answers instead."""


class SessionEndedError(ConnectError):
    """The session is FAILED, TERMINATING or TERMINATED."""


class SessionNotFoundError(ConnectError):
    """The service knows no session of that ARN."""


class SessionAmbiguousError(ConnectError):
    """The name fits several sessions.

    Attributes:
        problem: What is ambiguous.
        choices: A unique name of each session, with its description.
    """

    def __init__(self, problem: str, choices: Sequence[str]) -> None:
        """An error with what to choose from.

        Args:
            problem: What is ambiguous.
            choices: A unique name of each session, with its description.
        """
        super().__init__(f"{problem} {'; '.join(choices)}")
        self.problem = problem
        self.choices = tuple(choices)


class SessionMovedError(ConnectError):
    """The session ended during a call, and the client now uses its successor.

    Raised with ``follow=True`` only, once in each thread: the same ``SparkSession`` works from
    then on.
    """


class SessionNotReadyError(ConnectError):
    """The session wasn't usable within the time that the caller gave it."""


class SessionDiffersError(ConnectError):
    """The live session of that name differs from the request."""


class EndpointError(ConnectError):
    """The session's endpoint doesn't answer, isn't trusted, or refuses the token."""


class ProxyError(ConnectError):
    """The proxy can't listen, or is used before it is started."""


class SparkVersionError(ConnectError):
    """The installed PySpark is of another major version than the session's Spark."""


class SparkVersionWarning(UserWarning):
    """The installed PySpark isn't the session's Spark, or this Python isn't its workers'."""
