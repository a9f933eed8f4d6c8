"""Counts and bytes that are claimed beside the alternatives: asset, template, resources.

The alternatives are measured here, too, so that a claim is never held to an old number.
"""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import pytest

from testbed.simulation import measures
from testbed.sizes import minified_bytes, zipped, zipped_bytes
from testbed.synth_app import synthesized

BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")
FEW, MANY = 2, 22


def bundled_boto3() -> int:
    """The size of boto3 and what it needs, as pip would install it into an asset."""
    files = {
        str(file): Path(str(file.locate()))
        for name in BOTO3
        for file in distribution(name).files or ()
        if not file.is_absolute() and ".." not in file.parts
    }
    return zipped(files)


def test_the_asset_is_a_three_hundredth_of_bundled_boto3(asset: str) -> None:
    assert zipped_bytes(Path(asset)) / bundled_boto3() < 1 / 300


@pytest.fixture(scope="module")
def a_session_more() -> tuple[float, float]:
    """Bytes and resources."""
    return more_of("Session")


def more_of(kind: str) -> tuple[float, float]:
    few, many = synthesized(kind, FEW), synthesized(kind, MANY)
    return (
        (minified_bytes(many) - minified_bytes(few)) / (MANY - FEW),
        (len(many["Resources"]) - len(few["Resources"])) / (MANY - FEW),
    )


def test_a_session_more_is_one_resource(a_session_more: tuple[float, float]) -> None:
    assert a_session_more[1] == 1


@pytest.mark.parametrize("kind", ["AwsCustomResource", "AwsCustomResource, calls alone"])
def test_a_session_more_is_less_than_half_the_bytes_of_an_aws_custom_resource(
    kind: str, a_session_more: tuple[float, float]
) -> None:
    size, resources = more_of(kind)
    assert resources == 2
    assert a_session_more[0] / size < 0.45


def test_a_create_is_one_start_a_look_at_a_time_and_no_other_call_to_the_service() -> None:
    create = measures.calls(foreign=0, dead=0)[0]
    others = ("DescribeStackResource", "DescribeStacks", "PUT")
    to_the_service = {name: n for name, n in create.calls.items() if name not in others}
    assert create.operation == "Create"
    assert to_the_service.keys() == {"StartSession", "GetSession"}
    assert to_the_service["StartSession"] == 1
    # A start of 60 to 90 s, most of which nothing can be expected in.
    assert to_the_service["GetSession"] <= 12
