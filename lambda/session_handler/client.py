"""The EMR Serverless client that the handler calls the service with.

StartSession is younger than the botocore of some Lambda runtimes. The asset therefore has a folder
``data`` beside this file, with the service's model and what botocore needs to resolve endpoints,
and the client is made from it: an old botocore learns the operation, and a cold start doesn't read
the large files of all services. Without that folder this is the ordinary boto3 client.

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
from botocore.exceptions import DataNotFoundError, UnknownServiceError  # noqa: E402
from botocore.loaders import Loader  # noqa: E402

gc.freeze()
if _collects:
    gc.enable()

SERVICE = "emr-serverless"
DATA = Path(__file__).parent / "data"

# Two attempts of at most 2 + 8 seconds fit inside the function's time-out: an answer that doesn't
# come ends as a client error that the handler can judge, not as a killed function.
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 2},
)


class _ClosedLoader(Loader):  # type: ignore[misc]
    """Reads the data folder alone, and botocore's own data only for what isn't in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            extra_search_paths=[str(folder)],
            include_default_search_paths=False,
            include_default_extras=False,
        )
        self._stock: Loader | None = None

    def _stock_loader(self) -> Loader:
        if self._stock is None:
            self._stock = Loader()
        return self._stock

    def is_builtin_path(self, path: str) -> bool:  # noqa: ARG002
        # botocore resolves endpoints by its rule sets only for models that it counts as its own.
        # The folder's files are botocore's, cut down: they are to resolve as the originals do.
        return True

    def load_data_with_path(self, name: str) -> Any:
        try:
            return super().load_data_with_path(name)
        except DataNotFoundError:
            return self._stock_loader().load_data_with_path(name)

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        try:
            return super().load_service_model(service_name, type_name, api_version)
        except (UnknownServiceError, DataNotFoundError):
            return self._stock_loader().load_service_model(service_name, type_name, api_version)


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
    if not DATA.is_dir():
        import boto3

        return boto3.client(SERVICE, config=_CONFIG)
    session = botocore.session.Session()
    session.register_component("data_loader", _ClosedLoader(DATA))
    return session.create_client(SERVICE, config=_CONFIG)
