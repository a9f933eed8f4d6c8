"""The handler's client, made from the asset under other botocores than the installed one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cdk_emr_serverless_session.asset import stage_handler

# Runs under the botocore in question: nothing of this project but the asset is there.
PROGRAM = """
import json, os, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

sys.path.insert(0, sys.argv[1])
seen = {}

class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        seen.update(method="POST", path=self.path, body=json.loads(self.rfile.read(length)))
        arn = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00app/sessions/00ses"
        answer = json.dumps({"applicationId": "00app", "sessionId": "00ses", "arn": arn}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["AWS_ENDPOINT_URL_EMR_SERVERLESS"] = f"http://127.0.0.1:{server.server_port}"

import botocore
from session_handler import client

request = json.loads(sys.argv[2])
answer = client.emr_serverless().start_session(**request)
seen.update(
    botocore=botocore.__version__, session=answer["sessionId"], boto3="boto3" in sys.modules
)
print(json.dumps(seen))
"""

REQUEST = {
    "applicationId": "00app",
    "clientToken": "a" * 64,
    "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
    "idleTimeoutMinutes": 15,
    "name": "analysis",
    "tags": {"team": "data"},
    "configurationOverrides": {
        "runtimeConfiguration": [
            {
                "classification": "spark-defaults",
                "properties": {"spark.executor.cores": "2"},
                "configurations": [{"classification": "inner"}],
            }
        ]
    },
}

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "PATH": os.environ["PATH"],
}


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A copy of its own: what runs from it may leave compiled modules there."""
    folder = tmp_path_factory.mktemp("asset")
    stage_handler(folder)
    return str(folder)


def _start_session_under(python: str, asset: str) -> dict[str, object]:
    answer = subprocess.run(
        [python, "-c", PROGRAM, asset, json.dumps(REQUEST)],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    assert answer.returncode == 0, answer.stderr
    seen: dict[str, object] = json.loads(answer.stdout)
    return seen


def _assert_sent_whole(seen: dict[str, object]) -> None:
    assert seen["path"] == "/applications/00app/sessions"
    assert seen["body"] == {key: REQUEST[key] for key in REQUEST if key != "applicationId"}
    assert seen["session"] == "00ses"


def test_the_installed_botocore_starts_a_session_without_boto3(asset: str) -> None:
    seen = _start_session_under(sys.executable, asset)
    _assert_sent_whole(seen)
    assert seen["boto3"] is False


def test_a_botocore_older_than_start_session_starts_one(asset: str, tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("uv is not installed beside this Python")
    environment = {**os.environ, "VIRTUAL_ENV": str(tmp_path / "old")}
    subprocess.run([uv, "venv", "-q", tmp_path / "old"], check=True)
    subprocess.run([uv, "pip", "install", "-q", "botocore==1.40.0"], check=True, env=environment)
    seen = _start_session_under(str(tmp_path / "old" / "bin" / "python"), asset)
    assert seen["botocore"] == "1.40.0"
    _assert_sent_whole(seen)


def test_what_a_later_botocore_asks_for_comes_from_its_own_data(asset: str, tmp_path: Path) -> None:
    """The folder has what today's botocore reads; a later one may read more."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from session_handler import client\n"
        "loader = client._ClosedLoader(client.DATA)\n"
        "print(len(loader.load_service_model('sts', 'service-2')['operations']) > 5)\n"
        "model = loader.load_service_model('emr-serverless', 'service-2')\n"
        "print('StartJobRun' in model['operations'])\n"
        "try:\n"
        "    loader.load_data('no-such-file')\n"
        "except client.DataNotFoundError:\n"
        "    print('not found')\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, asset],
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRONMENT,
        cwd=tmp_path,
    )
    assert answer.stdout.split("\n") == ["True", "False", "not found", ""]


def test_endpoints_are_those_of_stock_botocore(asset: str, tmp_path: Path) -> None:
    """Every region, with FIPS and dual-stack: the cut-down files resolve as the whole ones do."""
    program = (
        "import itertools, json, sys; sys.path.insert(0, sys.argv[1])\n"
        "import botocore.session\n"
        "from botocore.config import Config\n"
        "from botocore.exceptions import BotoCoreError\n"
        "from session_handler import client\n"
        "stock = botocore.session.Session()\n"
        "closed = botocore.session.Session()\n"
        "closed.register_component('data_loader', client._ClosedLoader(client.DATA))\n"
        "resolver = stock.get_component('endpoint_resolver')\n"
        "regions = [r for p in resolver.get_available_partitions()\n"
        "           for r in stock.get_available_regions('emr-serverless', p)]\n"
        "def url(session, region, fips, dual):\n"
        "    config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual)\n"
        "    try:\n"
        "        made = session.create_client('emr-serverless', region, config=config)\n"
        "        return made.meta.endpoint_url\n"
        "    except BotoCoreError as error:\n"
        "        return type(error).__name__\n"
        "cases = list(itertools.product([*regions, 'xx-new-1'], (False, True), (False, True)))\n"
        "different = [c for c in cases if url(stock, *c) != url(closed, *c)]\n"
        "print(json.dumps([len(regions), different]))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, asset],
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRONMENT,
        cwd=tmp_path,
    )
    regions, different = json.loads(answer.stdout)
    assert regions > 10
    assert different == []
