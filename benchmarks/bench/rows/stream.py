"""From the moment a job has written a line until `stream` has printed it, and what of the log is never printed."""
from __future__ import annotations

import random
import time

from bench.az import BUILT_IN, Az, az_service, built_in_az, our_az
from bench.contest import Contest, Contestant, Goal, Row
from bench.running_service import DURABILITY, RunningService

_NAMED = '-g bench -w bench -e bench'


def ours(contest: Contest) -> Contestant:
    return _contestant(contest, contest.shared(our_az))


def built_in(contest: Contest) -> Contestant:
    return _contestant(contest, contest.shared(built_in_az))


def _ready(contest: Contest) -> RunningService:
    service = contest.shared(az_service)
    service.make_cluster(1)
    return service


def _contestant(contest: Contest, az: Az) -> Contestant:
    service = contest.shared(_ready)
    facts = {'bytes written': 0, 'bytes lost': 0}
    return Contestant(DURABILITY, lambda: _turn(service, az, contest.effort.count(12, least=2), facts), facts)


def _turn(service: RunningService, az: Az, lines: int, facts: dict[str, int]) -> list[float]:
    """Milliseconds for each line. The pauses between lines are drawn anew, so that they fall in step with nothing.

    The job waits for the command that streams, and ends with a tail that has no line end.
    """
    [name] = service.new_names(1)
    begin = service.out / f'{name}.begin'
    pauses = ' '.join(f'{random.uniform(0.05, 0.4):.3f}' for _ in range(lines))
    service.submit(service.submission(
        name, f'echo ready; until [ -e {begin} ]; do sleep 0.01; done; '
              f'for pause in {pauses}; do echo "$EPOCHREALTIME"; sleep $pause; done; printf "the end"'))
    stream = az.start(f'batchai job file stream {_NAMED} -j {name} -d stdouterr -f stdout.txt')
    assert stream.stdout
    printed, samples = b'', []
    for line in stream.stdout:
        read = time.time()
        printed += line
        if line.strip() == b'ready':
            begin.touch()
        elif (stamp := line.strip().replace(b',', b'.')).replace(b'.', b'').isdigit():
            samples.append((read - float(stamp)) * 1000)
    if stream.wait(60):
        raise RuntimeError(f'the command that streams ended with {stream.returncode}')
    written = (service.logs(service.ended(name)) / 'stdout.txt').read_bytes()
    facts['bytes written'] += len(written)
    facts['bytes lost'] += _lost(written, printed)
    return samples


def _lost(written: bytes, printed: bytes) -> int:
    """Bytes at the end of the log that are not in what was printed; a command may print more than the log."""
    whole, begin = len(written), printed.find(b'ready')
    while whole and not printed.startswith(written[:whole], max(begin, 0)):
        whole -= 1
    return len(written) - whole


ROWS = [Row('stream', 'line written → printed by `stream`', 'ms', Goal(200, 50), {'ours': ours, BUILT_IN: built_in})]
