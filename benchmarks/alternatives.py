"""Environments of the alternatives, created once and kept in ``build/benchmarks``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.process import ROOT
from cdk_emr_serverless_session._provider.asset import stage_handler

CACHE = ROOT / "build" / "benchmarks"
CRHELPER = "crhelper==2.0.12"


@dataclass(frozen=True)
class Alternatives:
    """Where things are."""

    python: str
    """A Python with boto3 and crhelper, compiled, as a Lambda runtime has its boto3."""
    bundle: Path
    """boto3 as pip bundles it into an asset."""
    asset: Path
    """The handler's asset."""


def prepare() -> Alternatives:
    """Make the environments, or find them."""
    boto3 = f"boto3=={version('boto3')}"
    botocore = f"botocore=={version('botocore')}"
    name = f"{version('boto3')}-{version('botocore')}-{sys.version_info[1]}"
    runtime, bundle = CACHE / f"runtime-{name}", CACHE / f"bundle-{name}"
    python = str(runtime / "bin" / "python")
    if not (runtime / "complete").exists():
        shutil.rmtree(runtime, ignore_errors=True)
        _uv("venv", "--python", sys.executable, str(runtime))
        _uv("pip", "install", "--compile-bytecode", "--python", python, boto3, botocore, CRHELPER)
        (runtime / "complete").touch()
    if not (bundle / "complete").exists():
        shutil.rmtree(bundle, ignore_errors=True)
        _uv("pip", "install", "--target", str(bundle), "--python", python, boto3, botocore)
        (bundle / "complete").touch()
    asset = CACHE / "asset"
    shutil.rmtree(asset, ignore_errors=True)
    asset.mkdir(parents=True)
    stage_handler(asset)
    return Alternatives(python, bundle, asset)


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([uv, *arguments, "--quiet"], env=environment, check=True)
