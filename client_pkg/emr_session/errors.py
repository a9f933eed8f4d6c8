"""The errors of the client. Each message says what was asked, what is wrong, and what to do."""


class ConnectError(Exception):
    """The session can't be used as asked. The base of the others."""


class CredentialsError(ConnectError):
    """There are no AWS credentials, or AWS doesn't accept them (any more)."""


class SessionEndedError(ConnectError):
    """The session is FAILED, TERMINATING or TERMINATED."""


class SessionNotFoundError(ConnectError):
    """The service knows no session of that ARN."""


class SessionMovedError(ConnectError):
    """The session ended during a call, and the client is on its successor now.

    Raised with ``follow=True`` only, once in each thread: the same ``SparkSession`` works from
    then on.
    """


class SessionNotReadyError(ConnectError):
    """The session wasn't usable within the time that the caller gave it."""


class SessionDiffersError(ConnectError):
    """The live session of that name isn't as it is asked for."""


class EndpointError(ConnectError):
    """The session's endpoint doesn't answer, isn't trusted, or refuses the token."""


class ProxyError(ConnectError):
    """The proxy can't listen, or is used before it is started."""


class SparkVersionError(ConnectError):
    """The installed PySpark is of another major version than the session's Spark."""


class SparkVersionWarning(UserWarning):
    """The installed PySpark isn't the session's Spark, or this Python isn't its workers'."""
