"""What can be wrong between a client and its session. Each message says what to do now."""


class ConnectError(Exception):
    """The session can't be used as asked."""


class SessionOverError(ConnectError):
    """The session is FAILED, TERMINATING or TERMINATED, or unknown to the service."""


class SessionMovedError(ConnectError):
    """The session ended in the middle of a call, and the client is on its successor now.

    Raised with ``follow=True`` only, and once: the same ``SparkSession`` works from then on.
    """


class SessionNotReadyError(ConnectError):
    """The session took longer to be usable than the caller was ready to wait."""


class EndpointError(ConnectError):
    """The session's endpoint doesn't answer, isn't trusted, or refuses the token."""


class SparkVersionError(ConnectError):
    """The installed PySpark is of another major version than the session's Spark."""


class SparkVersionWarning(UserWarning):
    """The installed PySpark isn't the session's Spark, though of its major version."""
