"""Free TCP ports for the processes of a job, where several nodes are one machine.

On nodes of their own, processes of the old service listened on 2222 and the ports above it (semantics sheet, section
3.1). Here jobs and nodes share them, so each launch gets a run of ports that is free and promised to no other. What it
got is kept in its folder, because a launch that is started again must find the same.
"""
from __future__ import annotations

import socket
from pathlib import Path

from azext_batchai.service.toolkits.base import FIRST_PORT

_FILE = 'ports'
_LAST = 32767  # above it the system hands out ports by itself


class NoPorts(Exception):
    """There is no run of free ports of that length."""


def reserve_ports(folder: Path, count: int) -> int:
    """The first of `count` ports for the launch whose folder this is; its neighbours are those of other launches.

    Raises NoPorts.
    """
    kept = _read(folder / _FILE)
    if kept:
        return kept[0]
    taken = {port for other in folder.parent.glob(f'*/{_FILE}') if (reserved := _read(other))
             for port in range(reserved[0], reserved[0] + reserved[1])}
    first = FIRST_PORT
    while first + count - 1 <= _LAST:
        in_the_way = next((port for port in range(first + count - 1, first - 1, -1)
                           if port in taken or not _is_free(port)), None)
        if in_the_way is None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _FILE).write_text(f'{first} {count}\n', 'ascii')
            return first
        first = in_the_way + 1
    raise NoPorts(f'no {count} free TCP ports in a row between {FIRST_PORT} and {_LAST}')


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('', port))
        except OSError:
            return False
    return True


def _read(file: Path) -> tuple[int, int] | None:
    try:
        first, count = map(int, file.read_text('ascii').split())
    except (OSError, ValueError):
        return None
    return first, count
