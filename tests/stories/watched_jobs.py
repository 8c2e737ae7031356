"""Jobs that hold still until the test says go, and commands that wait for them or watch them."""
from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path
from typing import Any

from installed_az import AZ, Az
from rest import cluster, job

PATIENCE_SECONDS = 30


def with_cluster(az: Az, folder: Path) -> Path:
    """A folder below `folder` that the nodes of cluster c see; jobs hold files there that say 'go'."""
    work = folder / 'work'
    work.mkdir()
    az.rest().make_cluster('c', 2, work)
    return work


def properties(command: str, **more: Any) -> dict[str, Any]:
    return {'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
            'customToolkitSettings': {'commandLine': command}, **more}


def submit(az: Az, name: str, command: str, **more: Any) -> None:
    status, body = az.rest().call('PUT', job(name), {'properties': {
        'cluster': {'id': cluster('c')}, **properties(command, **more)}})
    assert status == 202, body


def until_go(work: Path) -> str:
    """Shell text that waits for the test to say go."""
    return f'while [ ! -e {work}/go ]; do sleep 0.02; done'


def go(work: Path) -> None:
    (work / 'go').touch()


def start(az: Az, line: str) -> subprocess.Popen[bytes]:
    return az.popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, str]:
    """Exit status, what it printed, and its words to people, az's own warning left out."""
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert b'Traceback' not in err, err
    words = [line for line in err.decode().splitlines() if 'behavior of this command has been altered' not in line]
    return process.returncode, out, '\n'.join(words)


def read_until(process: subprocess.Popen[bytes], wanted: bytes) -> bytes:
    assert process.stdout is not None
    read = b''
    while wanted not in read:
        block = os.read(process.stdout.fileno(), 4096)
        assert block, f'it ended after {read!r}'
        read += block
    return read


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, az: Az, line: str):
        self.seen = b''
        self._child, self._screen = pty.fork()
        if not self._child:
            os.chdir(az.folder)
            os.execve(AZ, ['az', *line.split()], {**az.environment, 'TERM': 'xterm'})

    def read_until(self, wanted: bytes) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while wanted not in self.seen:
            assert time.monotonic() < deadline, self.seen
            assert self._read(), self.seen

    def press_ctrl_c(self) -> None:
        os.write(self._screen, b'\x03')

    def end(self) -> int:
        """The exit status, once the command has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._read():
            assert time.monotonic() < deadline, self.seen
        os.close(self._screen)
        return os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])

    def _read(self) -> bool:
        if not select.select([self._screen], [], [], 1)[0]:
            return True
        try:
            block = os.read(self._screen, 4096)
        except OSError:  # Linux says so when nobody has the other side open any more
            return False
        self.seen += block
        return bool(block)
