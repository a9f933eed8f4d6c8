"""Checks the installed PySpark, Python, NumPy and pandas against the session's Spark.

Looks at the names and versions of installed distributions, and imports none of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import metadata

from .._connect.versions import install_command, numbers, workers_python
from .._emr.releases import find_release
from .finding import Finding, ok, warning, wrong

DISTRIBUTIONS = ("pyspark", "pyspark-client", "pandas", "numpy")
PYSPARK = "PySpark"


def read_installed() -> dict[str, str]:
    """The versions of what is installed of the distributions that matter."""
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def python_version() -> str:
    """This Python's version, as releases name it: ``3.11``."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def installation_findings(
    installed: Mapping[str, str],
    python: str,
    release_label: str | None,
    settings: Mapping[str, str],
) -> Iterator[Finding]:
    """Judge what is installed.

    Args:
        installed: Versions by distribution.
        python: This Python's version.
        release_label: The application's release, where there is one.
        settings: The session's Spark settings, which may name its workers' Python.
    """
    release = find_release(release_label) if release_label else None
    yield _pyspark(installed, release.spark if release else None)
    workers = workers_python(settings.get, release)
    if workers and workers != python:
        yield warning(
            "Python",
            f"this is Python {python}, and the session's workers have Python {workers}: they "
            "refuse functions of another version (UDFs)",
            f"Run with Python {workers}, or configure the session with another Python "
            "(spark.pyspark.python).",
        )
    else:
        yield ok("Python", f"{python}, as the session's workers" if workers else python)
    yield from _numpy_and_pandas(installed)


def _pyspark(installed: Mapping[str, str], spark: str | None) -> Finding:
    if "pyspark" in installed and "pyspark-client" in installed:
        return wrong(
            PYSPARK,
            f"pyspark {installed['pyspark']} and pyspark-client {installed['pyspark-client']} are "
            "both installed, and have the same files",
            "pip uninstall -y pyspark pyspark-client, then install the one that is needed"
            + (f": {install_command(spark)}" if spark else "."),
        )
    version = installed.get("pyspark") or installed.get("pyspark-client")
    if version is None:
        return warning(
            PYSPARK,
            "is not installed: connect needs it, the proxy doesn't",
            install_command(spark) if spark else 'pip install "emr-session[client]"',
        )
    if spark is None or numbers(version) == numbers(spark):
        return ok(PYSPARK, f"{version}, as the session's Spark" if spark else version)
    said = f"{version} is installed, and the session has Spark {spark}"
    if numbers(version)[0] != numbers(spark)[0]:
        return wrong(PYSPARK, said, install_command(spark))
    return warning(PYSPARK, said, install_command(spark))


def _numpy_and_pandas(installed: Mapping[str, str]) -> Iterator[Finding]:
    pyspark = installed.get("pyspark") or installed.get("pyspark-client")
    if pyspark is None:
        return
    numpy, pandas = installed.get("numpy"), installed.get("pandas")
    # The same limits as in the extras of this distribution, and for the same reasons.
    if numpy:
        if pyspark.startswith("3.") and numbers(numpy) >= (2,):
            yield warning(
                "NumPy",
                f"{numpy}, and the pandas API of PySpark {pyspark} needs NumPy 1",
                'pip install "numpy<2"',
            )
        else:
            yield ok("NumPy", numpy)
    if pandas:
        if numbers(pandas) >= (3,):
            yield warning(
                "pandas",
                f"{pandas}, and the pandas API of PySpark {pyspark} needs pandas 2",
                'pip install "pandas<3"',
            )
        else:
            yield ok("pandas", pandas)
