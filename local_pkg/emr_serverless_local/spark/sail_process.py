"""A script that runs a Spark Connect server of pysail.

Takes a free port of loopback, prints it as soon as calls are taken, and ends
when its standard input does: with the process that started it, however that went.
"""

import sys

from pysail.spark import SparkConnectServer


def main() -> None:
    """Serve until standard input ends."""
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    address = server.listening_address
    if address is None:
        sys.exit("pysail's server is not listening")
    print(address[1], flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
