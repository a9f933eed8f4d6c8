"""EMR Serverless interactive sessions (Spark Connect) as resources of a CDK stack."""

from .configuration import Configuration
from .errors import SessionValidationError
from .grants import SessionGrants
from .provider import SessionProvider, SessionProviderOptions
from .session import Session
from .session_base import ISession, SessionAttributes

__all__ = [
    "Configuration",
    "ISession",
    "Session",
    "SessionAttributes",
    "SessionGrants",
    "SessionProvider",
    "SessionProviderOptions",
    "SessionValidationError",
]
