"""EMR Serverless sessions and their applications, in memory.

``SessionService`` is the service of one account and region: ``handle`` takes an
HTTP request and gives the answer. It needs botocore and nothing else.
"""

from .log import LoggedRequest, log_line
from .service import FAIL_PROPERTY, MAXIMUM_SESSIONS, SessionService

__all__ = ["FAIL_PROPERTY", "MAXIMUM_SESSIONS", "LoggedRequest", "SessionService", "log_line"]
