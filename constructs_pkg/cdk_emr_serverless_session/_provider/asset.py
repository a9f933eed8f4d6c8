"""The Lambda asset: a plain folder with the handler's modules and data of botocore.

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

import aws_cdk as cdk
from botocore.exceptions import DataNotFoundError
from constructs import IConstruct

from .._emr.model import api_version, handler_model, loader, without
from .._emr.names import SERVICE

PACKAGE = "session_handler"

# What ``cdk synth --no-staging`` sets: whoever publishes an asset reads it where it is.
_STAGING_IS_OFF = "aws:cdk:disable-asset-staging"
_UNSTAGED = "emr-serverless-session-handler"

# The oldest time that a zip file can hold, and the one that the CDK writes into it.
_EPOCH = 315532800


def asset_folder(scope: IConstruct) -> str:
    """The asset's folder, for ``lambda.Code.from_asset``.

    The CDK copies it into the assembly when the app is synthesized. Where that is switched off, it
    is in the assembly's output folder from the start, to be published when this process has ended.

    Raises:
        FileNotFoundError: The installation lacks the handler's modules.
        ValueError: The installed botocore is older than StartSession.
    """
    stage = cdk.Stage.of(scope)
    if stage is None or not scope.node.try_get_context(_STAGING_IS_OFF):
        return handler_asset()
    return _unstaged_asset(stage.asset_outdir)


@cache
def handler_asset() -> str:
    """Writes the asset's folder once in a process; it is removed when the process ends."""
    staging = tempfile.mkdtemp(prefix="emr-serverless-session-")
    atexit.register(shutil.rmtree, staging, ignore_errors=True)
    stage_handler(Path(staging))
    return staging


@cache
def _unstaged_asset(outdir: str) -> str:
    target = Path(outdir) / _UNSTAGED
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    stage_handler(target)
    return str(target)


def stage_handler(target: Path) -> None:
    """Writes the asset's files into ``target``, an empty folder."""
    source = handler_source()
    for module in sorted(source.rglob("*.py")):
        _write(target / PACKAGE / module.relative_to(source), module.read_bytes())
    data = json.dumps(_botocore_data(), ensure_ascii=True, separators=(",", ":"))
    _write(target / PACKAGE / "data.json", data.encode())
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        os.utime(folder, (_EPOCH, _EPOCH))


def handler_source() -> Path:
    """The folder of the handler's modules: inside the wheel, or beside it in the source tree."""
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "_lambda" / PACKAGE, package.parents[1] / "lambda" / PACKAGE):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"The session handler's modules are missing from {package}.")


def _botocore_data() -> dict[str, Any]:
    """What the client reads, by the names that botocore loads it by."""
    load = loader().load_data
    rules = load(f"{SERVICE}/{api_version()}/endpoint-rule-set-1")
    data = {
        f"{SERVICE}/service-2": handler_model(),
        f"{SERVICE}/endpoint-rule-set-1": without(("documentation",), rules),
        "endpoints": _endpoints(load("endpoints")),
    }
    for name in ("partitions", "sdk-default-configuration"):
        try:
            data[name] = _undescribed(load(name))
        except DataNotFoundError:
            # A later botocore may do without it; then so does the client.
            continue
    return data


def _endpoints(content: dict[str, Any]) -> dict[str, Any]:
    partitions = []
    for partition in content["partitions"]:
        services = partition.get("services", {})
        kept = {SERVICE: services[SERVICE]} if SERVICE in services else {}
        partitions.append({**partition, "services": kept})
    return _undescribed({**content, "partitions": partitions})


def _undescribed(content: dict[str, Any]) -> dict[str, Any]:
    """Without what is there for people: the regions' names, and what a default is good for."""
    described: dict[str, Any] = without(("description", "partitionName"), content)
    return {key: value for key, value in described.items() if key != "documentation"}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A checkout with other line ends is the same handler.
    path.write_bytes(content.replace(b"\r\n", b"\n"))
    path.chmod(0o644)
    os.utime(path, (_EPOCH, _EPOCH))
