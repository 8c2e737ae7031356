"""A peer's program that takes requests as lines of JSON and answers each with a line."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from bench.contest import Contest, PeerMissing

_DRIVERS = Path(__file__).resolve().parent / 'drivers'
_LAST_WORDS = 400


def peer_program(contest: Contest, name: str) -> Path:
    """A program of the peers' folder. Raises PeerMissing."""
    for place in ('bin', 'node_modules/.bin'):
        if (found := contest.places.peers / place / name).exists():
            return found
    raise PeerMissing(left_out(contest.places.peers, name))


def left_out(peers: Path, name: str) -> str:
    """Why a peer is not there: what its installation said, or how to install it."""
    said = peers / f'{name}.left-out'
    if said.exists():
        return ' '.join(said.read_text().split())[-_LAST_WORDS:]
    return f'{name} is not in {peers}: run sh benchmarks/install_peers.sh {peers}'


class Driver:
    """A Python program with a peer's own library. `ask` sends a request and returns the answer."""

    def __init__(self, python: Path, script: str, *arguments: str, folder: Path):
        self._log = (folder / 'driver.log').open('wb')
        self._process = subprocess.Popen([str(python), str(_DRIVERS / script), *arguments], text=True, cwd=folder,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        self.ask({})

    def ask(self, request: dict[str, Any]) -> Any:
        """Raises RuntimeError with its last line when the program has ended."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(request) + '\n')
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ''
        if not answer:
            raise RuntimeError(Path(self._log.name).read_text('utf-8', 'replace').strip() or 'the driver has ended')
        return json.loads(answer)

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()
