"""The Lambda asset: a plain folder with the handler's modules and the service's model.

Put together at synth without Docker and without pip. The same handler and the same botocore give
the same bytes, and so the same asset hash, on every machine, Python version and installation.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from botocore.exceptions import DataNotFoundError

from .service_model import SERVICE, api_version, loader, trimmed_model

PACKAGE = "session_handler"

# The oldest time that a zip file can hold, and the one that the CDK writes into it.
_EPOCH = 315532800


@cache
def handler_asset() -> str:
    """Stages the asset's folder once in a process; it is removed when the process ends.

    Returns:
        The folder's path, for ``lambda.Code.from_asset``.

    Raises:
        FileNotFoundError: The installation lacks the handler's modules.
        ValueError: The installed botocore is older than StartSession.
    """
    staging = tempfile.mkdtemp(prefix="emr-serverless-session-")
    atexit.register(shutil.rmtree, staging, ignore_errors=True)
    stage_handler(Path(staging))
    return staging


def stage_handler(target: Path) -> None:
    """Writes the asset's files into ``target``, an empty folder."""
    source = handler_source()
    for module in sorted(source.rglob("*.py")):
        relative = module.relative_to(source)
        if relative.parts[0] != "data":
            _write(target / PACKAGE / relative, module.read_bytes())
    data = target / PACKAGE / "data"
    for name, content in _data_files().items():
        text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
        _write(data / name, text.encode())
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        os.utime(folder, (_EPOCH, _EPOCH))


def handler_source() -> Path:
    """The folder of the handler's modules: inside the wheel, or beside it in the source tree."""
    package = Path(__file__).resolve().parent
    for candidate in (package / "_lambda" / PACKAGE, package.parents[1] / "lambda" / PACKAGE):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"The session handler's modules are missing from {package}.")


def _data_files() -> dict[str, Any]:
    load = loader().load_data
    version = f"{SERVICE}/{api_version()}"
    files = {
        f"{version}/service-2.json": trimmed_model(),
        f"{version}/endpoint-rule-set-1.json": load(f"{version}/endpoint-rule-set-1"),
        f"{version}/paginators-1.json": _paginators(load(f"{version}/paginators-1")),
        "endpoints.json": _endpoints(load("endpoints")),
    }
    for name in ("partitions", "_retry", "sdk-default-configuration"):
        try:
            files[f"{name}.json"] = load(name)
        except DataNotFoundError:
            # A later botocore may do without the file; then so does the client.
            continue
    return files


def _paginators(content: dict[str, Any]) -> dict[str, Any]:
    pagination = content["pagination"]
    return {"pagination": {key: pagination[key] for key in ("ListSessions",) if key in pagination}}


def _endpoints(content: dict[str, Any]) -> dict[str, Any]:
    partitions = []
    for partition in content["partitions"]:
        services = partition.get("services", {})
        kept = {SERVICE: services[SERVICE]} if SERVICE in services else {}
        partitions.append({**partition, "services": kept})
    return {**content, "partitions": partitions}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A checkout with other line ends is the same handler.
    path.write_bytes(content.replace(b"\r\n", b"\n"))
    path.chmod(0o644)
    os.utime(path, (_EPOCH, _EPOCH))
