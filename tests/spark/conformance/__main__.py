"""Run Spark's own tests by each route, and show the differences: ``make conformance``.

Each route has its own session on its own local AWS. ``--address sc://…`` adds a route:
any Spark Connect address, of a server that is as new as a session's.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from testbed.local_aws import LocalAws
from testbed.sessions import started
from tests.spark.conformance import routes, suite
from tests.spark.pyspark_3_5 import environment
from tests.spark.shared_server import SPARK_DEFAULTS

CONFIGURATION = {"classification": "spark-defaults", "properties": SPARK_DEFAULTS}
DEFAULT_CACHE = suite.ROOT / ".conformance"


def main(arguments: list[str] | None = None) -> int:
    """Run the tests and print a table; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.spark.conformance")
    parser.add_argument("modules", nargs="*", default=suite.MODULES, metavar="MODULE")
    parser.add_argument("--address", action="append", default=[], metavar="sc://…")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, metavar="FOLDER")
    options = parser.parse_args(arguments)
    modules = tuple(options.modules)
    python = environment(options.cache.resolve())
    names = ["direct", "connect", "proxy", *options.address]
    found: dict[str, dict[str, str]] = {}
    for name in names:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, variables(name, Path(folder)) as remote:
            found[name] = {}
            for module in modules:
                found[name].update(suite.run(python, (module,), remote, Path(folder)))
        counted = Counter(found[name].values())
        ended = ", ".join(f"{number} {kind}" for kind, number in counted.most_common())
        print(f"{name:10} {ended}  ({time.monotonic() - begun:.0f} s)", flush=True)
    broken = suite.broken(found["direct"])
    print(f"direct: {len(broken) or 'none'} broken", *broken, sep="\n  ")
    different = 0
    for name in names[1:]:
        lines = suite.differences(found["direct"], found[name])
        different += len(lines)
        print(f"{name}: {len(lines) or 'no'} differences", *lines, sep="\n  ")
    return 1 if different else 0


@contextlib.contextmanager
def variables(route: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment variables that lead Spark's tests to a new session by a route."""
    if route.startswith("sc://"):
        yield {routes.ADDRESS: route}
        return
    with LocalAws(folder, session_start_seconds=1, spark="apache") as aws:
        session = started(aws, configurationOverrides={"runtimeConfiguration": [CONFIGURATION]})
        ids = {"applicationId": session["applicationId"], "sessionId": session["sessionId"]}
        if route == "direct":
            answer = aws.client("emr-serverless").get_session_endpoint(**ids)
            yield {**aws.env, **routes.direct(answer["endpoint"], answer["authToken"])}
        elif route == "connect":
            yield {**aws.env, **routes.connect(session["arn"])}
        else:
            with routes.proxy(session["arn"], aws.environment()) as remote:
                yield {**aws.env, **remote}


if __name__ == "__main__":
    sys.exit(main())
