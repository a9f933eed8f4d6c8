"""Requests go where stock botocore sends them, in every region of every partition."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader

from .conftest import ask

pytestmark = pytest.mark.slow

Endpoints = dict[str, list[str]]


def regions() -> list[str]:
    """Every region that botocore knows anything of, whatever service it has there, and a new one.

    With a region that is in no list, in each partition that has a pattern for such.
    """
    loader = Loader()
    found: dict[str, None] = {}
    for partition in loader.load_data("endpoints")["partitions"]:
        found |= dict.fromkeys(partition["regions"])
        found |= dict.fromkeys(partition["services"].get("emr-serverless", {}).get("endpoints", ()))
    for partition in loader.load_data("partitions")["partitions"]:
        found |= dict.fromkeys(partition["regions"])
    return [*found, "us-east-9", "cn-north-9", "us-gov-west-9", "mars-east-1"]


@pytest.fixture(scope="module")
def stock() -> Endpoints:
    """Where the installed stock botocore sends requests."""
    found: Endpoints = json.loads(ask("resolve_endpoints.py", "", *regions()))
    return found


def different(one: Endpoints, other: Endpoints) -> dict[str, Any]:
    assert one.keys() == other.keys()
    return {case: (one[case], other[case]) for case in one if one[case] != other[case]}


def test_enough_is_asked_for(stock: Endpoints) -> None:
    assert len(stock) > 180
    assert stock["us-gov-west-1 fips=True dual=False"][0].startswith("https://")
    assert "amazonwebservices.com.cn" in stock["cn-north-1 fips=False dual=True"][0]


def test_every_region_with_fips_and_dual_stack_is_as_in_stock_botocore(
    stock: Endpoints, asset: str
) -> None:
    assert different(json.loads(ask("resolve_endpoints.py", asset, *regions())), stock) == {}


@pytest.mark.parametrize("version", ["1.34.0", "1.37.0", "1.40.0", "newest"])
def test_other_botocores_resolve_the_assets_rules_as_the_installed_one(
    version: str, stock: Endpoints, asset: str, botocore_folder: Callable[[str], Path]
) -> None:
    folder = botocore_folder(version)
    found = json.loads(ask("resolve_endpoints.py", asset, *regions(), path=folder))
    assert different(found, stock) == {}


@pytest.mark.parametrize(
    "missing",
    [
        "endpoints",
        "partitions",
        "sdk-default-configuration",
        "emr-serverless/endpoint-rule-set-1",
        "emr-serverless/service-2",
    ],
)
def test_a_file_that_is_not_in_the_asset_comes_from_botocores_own_data(
    missing: str, stock: Endpoints, asset: str, tmp_path: Path
) -> None:
    cut = tmp_path / "asset"
    shutil.copytree(asset, cut)
    file = cut / "session_handler" / "data.json"
    data = json.loads(file.read_text())
    del data[missing]
    file.write_text(json.dumps(data))
    some = [case.split()[0] for case in stock][:16:4]
    found = json.loads(ask("resolve_endpoints.py", str(cut), *some))
    assert different(found, {case: stock[case] for case in found}) == {}
