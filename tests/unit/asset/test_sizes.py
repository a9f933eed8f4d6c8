"""Counts and bytes that the documentation states: asset, template, resources, requests."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from benchmarks.requests import expected_looks, of_a_create
from cdk_emr_serverless_session import Session
from tests.unit.constructs.bench import execution_role, interactive_application

# boto3 bundled by pip is 16.8 MB zipped, of which this is 0.0022.
ASSET_BYTES = 37_500
SESSION_BYTES = 520


def template(sessions: int) -> dict[str, Any]:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    application, role = interactive_application(stack), execution_role(stack)
    for number in range(sessions):
        Session(
            stack,
            f"Session{number:04}",
            application=application,
            execution_role=role,
            idle_timeout=cdk.Duration.minutes(30),
        )
    return dict(app.synth().get_stack_by_name("Stack").template)


def minified(content: Any) -> int:
    return len(json.dumps(content, separators=(",", ":")).encode())


def test_the_asset_stays_small(asset: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for file in sorted(Path(asset).rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                zipped.write(file, file.relative_to(asset))
    assert len(archive.getvalue()) < ASSET_BYTES


def test_a_session_more_is_one_resource_and_few_bytes() -> None:
    few, many = template(2), template(22)
    assert len(many["Resources"]) - len(few["Resources"]) == 20
    assert (minified(many) - minified(few)) / 20 < SESSION_BYTES


def test_a_create_is_one_start_and_a_look_a_poll() -> None:
    counted, looks = of_a_create()
    assert looks == expected_looks()
    assert counted == {"StartSession": 1, "GetSession": looks}
