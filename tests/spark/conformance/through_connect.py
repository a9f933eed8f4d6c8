"""A pytest plugin beside Spark's tests: sessions are made by ``emr_session.connect``.

Only where ``CONFORMANCE_SESSION`` names one; otherwise PySpark connects to an address by itself.
"""

import os
from typing import Any

SESSION = "CONFORMANCE_SESSION"


def pytest_configure() -> None:
    """Have PySpark's builder connect by the library."""
    arn = os.environ.get(SESSION)
    if arn:
        _connect_to(arn)


def _connect_to(arn: str) -> None:
    from pyspark.sql.connect.session import SparkSession

    from emr_session import connect

    builder: Any = SparkSession.Builder
    original = builder.create

    def create(self: Any) -> Any:
        if self._channel_builder is not None:
            return original(self)
        spark = connect(arn, check_version=False)
        remote: Any = SparkSession
        remote._set_default_and_active_session(spark)
        self._apply_options(spark)
        return spark

    builder.create = create
