"""Ids that must not change between releases, because a changed id replaces users' sessions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from testbed.synth_bench import TYPE, Bench, resources_of

ROOT = Path(__file__).parents[3]
SNAPSHOT = Path(__file__).parent / "snapshots" / "quickstart.template.json"


def test_logical_ids_and_property_names(bench: Bench) -> None:
    bench.session()
    template = bench.template()
    ((logical_id, session),) = resources_of(template, TYPE).items()
    assert logical_id == "Session88DA29BA"
    assert sorted(session["Properties"]) == [
        "ApplicationId",
        "ExecutionRoleArn",
        "ServiceTimeout",
        "ServiceToken",
        "StopApplication",
    ]
    provider = sorted(id for id in template["Resources"] if "SessionProvider" in id)
    assert provider == [
        # The service token of deployed sessions: CloudFormation refuses to change it.
        "EmrServerlessSessionProviderFunctionA4D7129B",
        "EmrServerlessSessionProviderLogsF20BD1EF",
        "EmrServerlessSessionProviderPermissions083B2721",
        "EmrServerlessSessionProviderRole0E10907A",
    ]


def test_the_quickstarts_template(tmp_path: Path) -> None:
    """Run with UPDATE_SNAPSHOTS=1 to accept a change, and review it as users will feel it."""
    subprocess.run(
        [sys.executable, str(ROOT / "examples" / "quickstart" / "app.py")],
        check=True,
        env={**os.environ, "CDK_OUTDIR": str(tmp_path)},
    )
    (path,) = tmp_path.glob("*.template.json")
    text = json.dumps(_comparable(json.loads(path.read_text())), indent=2) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(text)
    assert text == SNAPSHOT.read_text()


def _comparable(node: Any) -> Any:
    """The template without what changes with each edit of the handler or release of the CDK."""
    if isinstance(node, dict):
        return {
            key: "(the latest)" if key == "Runtime" else _comparable(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_comparable(item) for item in node]
    if isinstance(node, str):
        return re.sub(r"[0-9a-f]{64}\.zip", "(asset).zip", node)
    return node
