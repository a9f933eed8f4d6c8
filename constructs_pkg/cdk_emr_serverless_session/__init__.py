"""EMR Serverless interactive sessions (Spark Connect) as resources of a CDK stack.

Each module is loaded when a name of it is first used: whoever only imports sessions does without
those of Lambda and EC2, which take a tenth of a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .attributes import ISession, SessionAttributes
    from .configuration import Configuration
    from .errors import SessionValidationError
    from .grants import SessionGrants
    from .provider import SessionProvider, SessionProviderOptions
    from .session import Session

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
    "ISession": "attributes",
    "Session": "session",
    "SessionAttributes": "attributes",
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
