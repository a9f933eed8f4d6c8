"""The botocore clients: the only place that makes them.

StartSession is younger than the botocore of some Lambda runtimes. The asset therefore has a file
``data.json`` beside this one, with the service's model and what botocore needs to resolve
endpoints: an old botocore learns the operation, and a cold start doesn't read the large files of
all services. Without it this is botocore's own model.

Region, credentials and ``AWS_ENDPOINT_URL*`` come from the environment, as for any client.
"""

import gc

# Importing botocore makes objects by the ten thousand and no garbage: looking for some meanwhile
# is a tenth of a cold start, and looking through them again later would find none either.
_collects = gc.isenabled()
gc.disable()

import os  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import botocore.session  # noqa: E402
from botocore.config import Config  # noqa: E402

from session_handler import botocore_data  # noqa: E402

gc.freeze()
if _collects:
    gc.enable()

DATA = Path(__file__).with_name("data.json")

# One attempt of at most 2 + 10 seconds: the handler itself tries again (``retry``).
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 1},
)

_made: dict[str, tuple[frozenset[tuple[str, str]], Any]] = {}


def client(name: str) -> Any:
    """The client of a service, made once a process and environment.

    Args:
        name: ``emr-serverless``, ``cloudformation`` or ``ssm``.

    Raises:
        botocore.exceptions.NoRegionError: The environment names no region.
    """
    environment = frozenset(item for item in os.environ.items() if item[0].startswith("AWS_"))
    made_in, made = _made.get(name, (None, None))
    if made_in != environment:
        made = _session(name).create_client(name, config=_CONFIG)
        _made[name] = environment, made
    return made


def _session(name: str) -> botocore.session.Session:
    if name == "emr-serverless" and DATA.is_file():
        return botocore_data.session(DATA)
    return botocore.session.Session()
