"""The functions' cold start and peak memory: from the start of Python until a client is ready."""

from __future__ import annotations

from benchmarks.alternatives import Alternatives
from benchmarks.process import Command, clean_environment

HANDLER = "handler"
PLAIN = "plain boto3"
BUNDLED = "bundled boto3"
CRHELPER = "crhelper"
PYTHON = "Python alone"
SESSION = "import botocore.session"

_CLIENT = "import boto3; client = boto3.client('emr-serverless')"


def commands(found: Alternatives, *, to_ready: bool = False) -> dict[str, Command]:
    """The processes to measure: whole ones, or up to the client being ready.

    Nothing is compiled to a cache: Lambda mounts the code read-only, and the CDK zips it with
    times that a compiled module could not be checked against. boto3 of the runtime is compiled,
    boto3 of the bundle is not. ``to_ready`` leaves out what Python does at its end, which a
    function sees only when its environment is taken down.
    """
    programs = {
        HANDLER: f"import sys; sys.path.insert(0, {str(found.asset)!r})\n"
        "from session_handler import clients, handler; clients.client('emr-serverless')",
        PLAIN: _CLIENT,
        BUNDLED: f"import sys; sys.path.insert(0, {str(found.bundle)!r}); {_CLIENT}",
        CRHELPER: f"from crhelper import CfnResource; helper = CfnResource(); {_CLIENT}",
    }
    if not to_ready:
        programs |= {SESSION: "import botocore.session", PYTHON: "pass"}
    environment = clean_environment(
        PYTHONDONTWRITEBYTECODE="1",
        AWS_REGION="us-east-1",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="benchmark",
        AWS_SECRET_ACCESS_KEY="benchmark",
        AWS_EC2_METADATA_DISABLED="true",
    )
    end = "\nimport os; os._exit(0)" if to_ready else ""
    return {
        name: Command([found.python, "-c", program + end], environment)
        for name, program in programs.items()
    }
