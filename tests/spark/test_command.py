"""``emr-session`` with real Spark behind the session: a shell, and an address to evaluate."""

import os
import subprocess
import sys

from tests.spark.conftest import SparkSessions

COMMAND = [sys.executable, "-m", "emr_session"]


def test_a_shell_is_connected(spark: SparkSessions) -> None:
    live = spark.start()
    ended = subprocess.run(
        [*COMMAND, "shell", live.arn, "--root-certificates", str(spark.authority)],
        input="print('rows', spark.range(7).count())\nprint('sum', sql('SELECT 42').first()[0])\n",
        # The certificates of the arguments alone are what it trusts.
        env={k: v for k, v in os.environ.items() if k != "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert "rows 7" in ended.stdout
    assert "sum 42" in ended.stdout


def test_the_address_of_env_is_what_pyspark_connects_with(spark: SparkSessions) -> None:
    live = spark.start()
    script = (
        "from pyspark.sql import SparkSession; "
        "print('rows', SparkSession.builder.getOrCreate().range(7).count())"
    )
    command = " ".join(COMMAND)
    ended = subprocess.run(
        ["sh", "-c", f'eval "$({command} env {live.arn})" && {sys.executable} -c "{script}"'],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert "rows 7" in ended.stdout


def test_a_shell_on_an_endpoint_that_is_not_trusted_ends_in_one_line(
    spark: SparkSessions,
) -> None:
    ended = subprocess.run(
        [*COMMAND, "shell", spark.start().arn],
        env={k: v for k, v in os.environ.items() if k != "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 1
    said = [line for line in ended.stderr.splitlines() if line.startswith("emr-session: ")]
    assert len(said) == 1
    assert "no certificate that is trusted here" in said[0]
