"""The local AWS listens on loopback only."""

import ipaddress
import socket
import struct
import sys
from pathlib import Path

import pytest

from testbed.apps import one_session
from tests.e2e.deployment import Deployment

LISTEN = "0A"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def process_tree(root: int) -> set[int]:
    """Return a process and all its descendants."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text()
            except OSError:  # It has ended meanwhile.
                continue
            parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    tree = {root}
    while more := {child for child, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def open_sockets(processes: set[int]) -> set[str]:
    """Return the inodes of the processes' sockets."""
    found = set()
    for process in processes:
        try:
            links = [link.readlink() for link in (Path("/proc") / str(process) / "fd").iterdir()]
        except OSError:  # It has ended meanwhile.
            continue
        found |= {str(link)[8:-1] for link in links if str(link).startswith("socket:[")}
    return found


def listening(processes: set[int]) -> set[str]:
    """Return the addresses that the processes take connections on."""
    inodes = open_sockets(processes)
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in (Path("/proc/net") / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and fields[9] in inodes:
                raw = bytes.fromhex(fields[1].partition(":")[0])
                words = struct.unpack(f">{len(raw) // 4}I", raw)
                found.add(socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words)))
    return found


def test_nothing_but_loopback_is_listened_on(deployment: Deployment) -> None:
    deployment.deploy(one_session)

    addresses = listening(process_tree(deployment.aws.pid))

    assert addresses, "the local AWS itself listens"
    assert all(ipaddress.ip_address(address).is_loopback for address in addresses), addresses
