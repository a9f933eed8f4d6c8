"""The Lambda asset: what is in it, and that it is the same wherever it is made."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.loaders import Loader

from cdk_emr_serverless_session._emr import model
from cdk_emr_serverless_session._emr.model import HANDLER_OPERATIONS
from cdk_emr_serverless_session._provider import asset
from testbed.synth_bench import Bench, resources_of

DATA = "session_handler/data.json"


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A freshly staged asset."""
    target = tmp_path / "asset"
    target.mkdir()
    asset.stage_handler(target)
    return target


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_handler_and_its_data_are_in_it(staged: Path) -> None:
    files = set(_digests(staged))
    source = asset.handler_source()
    modules = {f"session_handler/{p.relative_to(source)}" for p in source.rglob("*.py")}
    assert {"session_handler/handler.py", "session_handler/clients.py"} <= modules
    assert files - modules == {DATA}
    assert set(_data(staged)) == {
        "emr-serverless/service-2",
        "emr-serverless/endpoint-rule-set-1",
        "endpoints",
        "partitions",
        "sdk-default-configuration",
    }


def _data(staged: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((staged / DATA).read_text())
    return data


def test_the_model_has_the_handlers_operations_and_no_other(staged: Path) -> None:
    shipped = _data(staged)["emr-serverless/service-2"]
    assert sorted(shipped["operations"]) == sorted(HANDLER_OPERATIONS)
    assert "GetSessionEndpoint" not in shipped["operations"]
    full = Loader().load_service_model("emr-serverless", "service-2")
    assert len(shipped["shapes"]) < len(full["shapes"]) / 2


def test_nothing_in_it_is_there_for_people_alone(staged: Path) -> None:
    text = (staged / DATA).read_text()
    for key in ("documentation", "description", "pattern"):
        assert f'"{key}":' not in text


def test_only_this_service_has_endpoints(staged: Path) -> None:
    endpoints = _data(staged)["endpoints"]
    assert {name for p in endpoints["partitions"] for name in p["services"]} == {"emr-serverless"}
    assert len(endpoints["partitions"]) == len(Loader().load_data("endpoints")["partitions"])


def test_it_is_small(staged: Path) -> None:
    assert sum(path.stat().st_size for path in staged.rglob("*") if path.is_file()) < 300_000


def test_staged_twice_it_is_the_same_to_the_second(staged: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    asset.stage_handler(again)
    assert _digests(again) == _digests(staged)
    times = {path.stat().st_mtime for path in again.rglob("*")}
    assert times == {315532800}
    modes = {path.stat().st_mode & 0o777 for path in again.rglob("*") if path.is_file()}
    assert modes == {0o644}


def test_compiled_modules_and_other_files_stay_out(
    tmp_path: Path, staged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    shutil.copytree(asset.handler_source(), source)
    (source / "__pycache__").mkdir(exist_ok=True)
    (source / "__pycache__" / "handler.cpython-399.pyc").write_bytes(b"compiled")
    (source / "notes.txt").write_text("not a module")
    (source / "handler.py").write_bytes(
        (source / "handler.py").read_bytes().replace(b"\n", b"\r\n")
    )
    monkeypatch.setattr(asset, "handler_source", lambda: source)
    again = tmp_path / "again"
    again.mkdir()
    asset.stage_handler(again)
    assert _digests(again) == _digests(staged)


@pytest.mark.parametrize("compressed", [True, False])
def test_botocores_data_may_be_compressed_or_not(
    tmp_path: Path, staged: Path, monkeypatch: pytest.MonkeyPatch, compressed: bool
) -> None:
    copy = tmp_path / "botocore-data"
    installed = Path(botocore.__file__).parent / "data"
    for path in [*installed.glob("*.json*"), *(installed / "emr-serverless").rglob("*.json*")]:
        target = copy / path.relative_to(installed)
        target.parent.mkdir(parents=True, exist_ok=True)
        plain = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        name = target.name.removesuffix(".gz")
        if compressed:
            target.with_name(f"{name}.gz").write_bytes(gzip.compress(plain))
        else:
            target.with_name(name).write_bytes(plain)
    loader = Loader(extra_search_paths=[str(copy)], include_default_search_paths=False)
    monkeypatch.setattr(asset, "loader", lambda: loader)
    monkeypatch.setattr(model, "loader", lambda: loader)
    model.service_model.cache_clear()
    again = tmp_path / "again"
    again.mkdir()
    try:
        asset.stage_handler(again)
    finally:
        model.service_model.cache_clear()
    assert _digests(again) == _digests(staged)


def test_an_old_botocore_is_named_with_the_one_that_is_needed() -> None:
    with pytest.raises(ValueError, match=r"BrandNew.*botocore 1\.42\.94"):
        model.handler_model(("BrandNew",))


PROGRAM = """
import aws_cdk as cdk
from cdk_emr_serverless_session import SessionProvider
app = cdk.App()
SessionProvider(cdk.Stack(app, "Stack"), "Provider")
app.synth()
"""


def _synthesized_in_another_process(outdir: Path, **context: bool) -> tuple[str, Path]:
    """The asset's hash, and where whoever publishes it finds it."""
    environment = {"CDK_OUTDIR": str(outdir), "CDK_CONTEXT_JSON": json.dumps(context)}
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, env={**os.environ, **environment})
    manifest = json.loads((outdir / "Stack.assets.json").read_text())
    (found,) = (
        (hash, outdir / file["source"]["path"])
        for hash, file in manifest["files"].items()
        if file["source"]["packaging"] == "zip"
    )
    return found


def test_the_hash_is_the_same_in_another_process(bench: Bench, tmp_path: Path) -> None:
    bench.session()
    (key,) = {
        function["Properties"]["Code"]["S3Key"]
        for function in resources_of(bench.template(), "AWS::Lambda::Function").values()
        if function["Properties"]["Handler"].startswith("session_handler.")
    }
    hash, folder = _synthesized_in_another_process(tmp_path)
    assert f"{hash}.zip" == key
    assert (folder / "session_handler" / "handler.py").exists()


def test_it_is_there_to_be_published_when_the_cdk_stages_nothing(
    tmp_path: Path, staged: Path
) -> None:
    """What ``cdk synth --no-staging`` asks for."""
    hash, _ = _synthesized_in_another_process(tmp_path / "staged")
    off = {"aws:cdk:disable-asset-staging": True}
    for _ in range(2):  # the second time over what is there
        unstaged_hash, folder = _synthesized_in_another_process(tmp_path / "unstaged", **off)
        assert unstaged_hash == hash
        assert _digests(folder) == _digests(staged)
    assert tmp_path / "unstaged" in folder.resolve().parents
