"""botocore's data as the asset carries it: this service's alone, in one file.

Stock botocore reads the endpoints of all services at a cold start, and an old one doesn't know
StartSession. What isn't in the file comes from botocore's own data.
"""

import json
from pathlib import Path
from typing import Any

import botocore.session
from botocore.loaders import Loader


class _AssetLoader(Loader):
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


def session(data: Path) -> botocore.session.Session:
    """Makes a botocore session that reads the asset's data first.

    Args:
        data: The file, which has botocore's data by the names that botocore loads it by; a
            service's model without the version, which is the newest.
    """
    made = botocore.session.Session()
    made.register_component("data_loader", _AssetLoader(json.loads(data.read_bytes())))
    return made
