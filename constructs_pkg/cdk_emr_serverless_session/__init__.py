"""EMR Serverless interactive sessions (Spark Connect) as resources of a CDK stack.

The constructs are imported when they are first asked for: the local AWS lives in this package
too, and starts without the CDK and its Node process.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_MODULES = {
    "Configuration": "configuration",
    "ISession": "session_base",
    "Session": "session",
    "SessionAttributes": "session_base",
    "SessionGrants": "grants",
    "SessionProvider": "provider",
    "SessionProviderOptions": "provider",
    "SessionValidationError": "errors",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
