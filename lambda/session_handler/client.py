"""The EMR Serverless client that the handler calls the service with.

StartSession is younger than the botocore of some Lambda runtimes. The asset therefore has a file
``data.json`` beside this one, with the service's model and what botocore needs to resolve
endpoints, and the client is made from it: an old botocore learns the operation, and a cold start
doesn't read the large files of all services. Without it this is the ordinary boto3 client.

Region, credentials, endpoint (``AWS_ENDPOINT_URL``, ``AWS_ENDPOINT_URL_EMR_SERVERLESS``), FIPS and
dual-stack come from the environment, as for any client.
"""

from __future__ import annotations

import gc

# Importing botocore makes objects by the ten thousand and no garbage: looking for some meanwhile
# is a tenth of a cold start, and looking through them again later would find none either.
_collects = gc.isenabled()
gc.disable()

from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import botocore.session  # noqa: E402
from botocore.config import Config  # noqa: E402

from session_handler import botocore_data  # noqa: E402

gc.freeze()
if _collects:
    gc.enable()

SERVICE = "emr-serverless"
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
    return botocore_data.session(DATA).create_client(SERVICE, config=_CONFIG)
