"""A botocore session that loads what the client of EMR Serverless needs, and no more.

Most of a cold start is botocore: what it imports, the data it reads for all services, the event
handlers that it has for other ones. What is left out here changes no request and no answer, and
whatever turns out to be needed after all comes from botocore itself.
"""

from __future__ import annotations

import gc

# Importing botocore makes objects by the ten thousand and no garbage: looking for some meanwhile
# is a tenth of a cold start, and looking through them again later would find none either.
_collects = gc.isenabled()
gc.disable()

import json  # noqa: E402
import sys  # noqa: E402
from importlib.util import find_spec  # noqa: E402
from pathlib import Path  # noqa: E402
from types import ModuleType  # noqa: E402
from typing import Any  # noqa: E402


class _HelpText(str):
    """What ``help()`` of a client's method shows: nothing."""

    def __new__(cls, *_: object, **__: object) -> _HelpText:
        return super().__new__(cls)


def _without_help_texts() -> list[str]:
    """Stands in for the modules that write botocore's help texts, while botocore is imported."""
    spec = None if "botocore.docs" in sys.modules else find_spec("botocore.docs")
    if spec is None:
        return []
    package, texts = ModuleType("botocore.docs"), ModuleType("botocore.docs.docstring")
    package.__path__ = list(spec.submodule_search_locations or ())
    vars(texts)["__getattr__"] = lambda _: _HelpText
    stand_ins = {module.__name__: module for module in (package, texts)}
    sys.modules.update(stand_ins)
    return list(stand_ins)


_stand_ins = _without_help_texts()

import botocore.session  # noqa: E402
from botocore.hooks import HierarchicalEmitter  # noqa: E402
from botocore.loaders import Loader  # noqa: E402

for _name in _stand_ins:
    del sys.modules[_name]
gc.freeze()
if _collects:
    gc.enable()


# The service's name, in botocore and in its events.
SERVICE = "emr-serverless"


class _AssetLoader(Loader):  # type: ignore[misc]
    """Answers from the asset's data, and from botocore's own for what isn't in it."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__()
        self._data = data

    def is_builtin_path(self, path: str) -> bool:  # noqa: ARG002
        # botocore resolves endpoints by its rule sets only for models that it counts as its own.
        # The asset's are botocore's, cut down: they are to resolve as the originals do.
        return True

    def load_data_with_path(self, name: str) -> Any:
        if name in self._data:
            return self._data[name], name
        return super().load_data_with_path(name)

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        newest = f"{service_name}/{type_name}"
        if api_version is None and newest in self._data:
            return self._data[newest]
        return super().load_service_model(service_name, type_name, api_version)


class _OwnEvents(HierarchicalEmitter):  # type: ignore[misc]
    """Registers no handlers of other services' events, which a client never emits.

    botocore looks at the signature of each handler that it registers, and has some hundred of
    them. An event's name is ``what``, ``what.service`` or ``what.service.operation``.
    """

    @staticmethod
    def _listens_to(event_name: str) -> bool:
        what, _, rest = event_name.partition(".")
        return what != "docs" and rest.partition(".")[0] in ("", "*", SERVICE)

    def register(self, event_name: str, *arguments: Any, **options: Any) -> None:
        if self._listens_to(event_name):
            super().register(event_name, *arguments, **options)

    def register_first(self, event_name: str, *arguments: Any, **options: Any) -> None:
        if self._listens_to(event_name):
            super().register_first(event_name, *arguments, **options)

    def register_last(self, event_name: str, *arguments: Any, **options: Any) -> None:
        if self._listens_to(event_name):
            super().register_last(event_name, *arguments, **options)


def session(data: Path) -> botocore.session.Session:
    """Makes a session for clients of EMR Serverless, and of no other service.

    Args:
        data: The file with botocore's data, cut down to this service, by the names that botocore
            loads it by; a model of a service without the version, which is the newest.
    """
    made = botocore.session.Session(event_hooks=_OwnEvents())
    made.register_component("data_loader", _AssetLoader(json.loads(data.read_bytes())))
    return made
