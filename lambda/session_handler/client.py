"""The EMR Serverless client that the handler calls the service with.

StartSession is younger than the botocore of some Lambda runtimes. The asset therefore has a file
``data.json`` beside this one, with the service's model and what botocore needs to resolve
endpoints, and the client is made from it: an old botocore learns the operation, and a cold start
doesn't read the large files of all services. Without it this is the ordinary boto3 client.

Region, credentials, endpoint (``AWS_ENDPOINT_URL``, ``AWS_ENDPOINT_URL_EMR_SERVERLESS``), FIPS and
dual-stack come from the environment, as for any client.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

# First, because it sees to what else botocore imports.
from session_handler import lean_botocore

# isort: split
import botocore.session
from botocore.config import Config

SERVICE = lean_botocore.SERVICE
DATA = Path(__file__).with_name("data.json")

# Two attempts of at most 2 + 8 seconds fit inside the function's time-out: an answer that doesn't
# come ends as a client error that the handler can judge, not as a killed function.
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 2},
)


def other(service: str) -> Any:
    """Makes the client of a service that every botocore knows: for keep-alive, outside of deploys.

    Args:
        service: Its name in botocore: ``cloudformation`` or ``ssm``.

    Returns:
        A botocore client with the same time-outs. Safe to keep for the life of the process.

    Raises:
        botocore.exceptions.NoRegionError: The environment names no region.
    """
    return botocore.session.Session().create_client(service, config=_CONFIG)


def emr_serverless() -> Any:
    """Makes the service client, with time-outs that fit inside the function's own.

    Returns:
        A botocore client of EMR Serverless. Safe to keep for the life of the process.

    Raises:
        botocore.exceptions.NoRegionError: The environment names no region.
    """
    if not DATA.is_file():
        import boto3

        return boto3.client(SERVICE, config=_CONFIG)
    return lean_botocore.session(DATA).create_client(SERVICE, config=_CONFIG)
