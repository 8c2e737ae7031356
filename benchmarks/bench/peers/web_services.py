"""Azurite and moto, which play cloud services on this machine: for what a start takes, and memory."""
from __future__ import annotations

import http.client
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Sequence

from bench.contest import Contest
from bench.peers.processes import peer_program
from bench.waiting import PATIENCE_SECONDS, wait_until

DURABILITIES = {'Azurite': 'writes files, not synced', 'moto': 'nothing on disk'}


class WebService:
    """A process that answers HTTP on a port. Ends on leaving."""

    def __init__(self, command: Sequence[str], port: int, folder: Path):
        self._port = port
        began = time.perf_counter()
        self._process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        wait_until(self._answers, 'the first answer', pause=0.002)
        self.start_seconds = time.perf_counter() - began

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f'it ended with status {self._process.returncode}')
        connection = http.client.HTTPConnection('127.0.0.1', self._port, timeout=10)
        try:
            connection.request('GET', '/')
            connection.getresponse().read()
            return True
        except OSError:
            return False
        finally:
            connection.close()


def azurite(contest: Contest) -> Callable[[], WebService]:
    """What starts one in a new folder: blobs, queues and tables, as its makers' package runs them."""
    program = peer_program(contest, 'azurite')

    def start() -> WebService:
        folder, ports = contest.new_folder('azurite'), _free_ports(3)
        return WebService([str(program), '--silent', '--skipApiVersionCheck', '--location', str(folder),
                           '--blobPort', str(ports[0]), '--queuePort', str(ports[1]), '--tablePort', str(ports[2])],
                          ports[0], folder)
    return start


def moto(contest: Contest) -> Callable[[], WebService]:
    program = peer_program(contest, 'moto_server')

    def start() -> WebService:
        [port] = _free_ports(1)
        return WebService([str(program), '-p', str(port)], port, contest.new_folder('moto'))
    return start


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
