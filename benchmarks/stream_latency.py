"""How long from the moment a job has written a line until `az batchai job file stream` has printed it.

Starts a service of its own in a temporary folder and a job that writes the time now and then; the real az streams it
into a pipe. The same with `--all`, and what `job wait` needs to return. Prints a JSON object; times are milliseconds,
`bytes_lost` compares what was printed with what the job wrote.

    .venv/bin/python benchmarks/stream_latency.py [--lines 20]
"""
from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from service_client import RunningService

_ROOT = Path(__file__).resolve().parent.parent
_AZ = os.environ.get('BATCHAI_TEST_AZ', str(_ROOT / '.venv' / 'bin' / 'az'))
_EXTENSIONS = os.environ.get('AZURE_EXTENSION_DIR', str(_ROOT / '.venv' / 'cliextensions'))
_JOB = '-g bench -w bench -e bench'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--lines', type=int, default=20, help='how many lines each job writes (default 20)')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, RunningService(Path(name) / 'data') as service:
        folder = Path(name)
        (folder / 'out').mkdir()
        service.create_cluster('bench', nodes=1, bind=folder / 'out')
        profile = _profile(folder)
        result = {
            'stream': _stream(service, profile, 'one', options.lines, ''),
            'stream --all': _stream(service, profile, 'all', options.lines, '--all'),
            'wait': _wait(service, profile, max(1, options.lines // 4)),
        }
    print(json.dumps(result, indent=2))


def _profile(folder: Path) -> dict[str, str]:
    data = folder / 'data'
    state = json.loads((data / 'service.json').read_text())
    return {**os.environ, 'AZURE_CONFIG_DIR': str(folder / 'azure'), 'AZURE_EXTENSION_DIR': _EXTENSIONS,
            'AZURE_CORE_COLLECT_TELEMETRY': 'no', 'AZURE_CORE_SURVEY_MESSAGE': 'no',
            'AZURE_EXTENSION_USE_DYNAMIC_INSTALL': 'no', 'AZURE_BATCHAI_ENDPOINT': state['endpoint'],
            'AZURE_BATCHAI_TOKEN_FILE': state['tokenFile'], 'AZURE_BATCHAI_CA_FILE': state['caFile']}


def _az(line: str, profile: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([_AZ, *line.split()], env=profile, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


def _stream(service: RunningService, profile: dict[str, str], name: str, lines: int, option: str
            ) -> dict[str, float]:
    """The pauses between lines are drawn anew each time, so that they fall in step with nothing."""
    pauses = ' '.join(f'{random.uniform(0.1, 0.6):.3f}' for _ in range(lines))
    service.submit(name, 'bench', f'sleep 1; for pause in {pauses}; do echo "$EPOCHREALTIME"; sleep $pause; done; '
                                  'printf "the end"')
    stream = _az(f'batchai job file stream {_JOB} -j {name} {option}', profile)
    assert stream.stdout is not None
    printed, samples = b'', []
    for line in stream.stdout:
        read = time.time()
        printed += line
        stamp = line.rpartition(b' ')[2].strip().replace(b',', b'.') if option else line.strip().replace(b',', b'.')
        if stamp.replace(b'.', b'').isdigit():
            samples.append((read - float(stamp)) * 1000)
    ended = time.time()
    job = service.wait(name)
    written = (service.log_folder(job) / 'stdout.txt').read_bytes()
    if option:  # each line behind its file's name, the last one ended
        printed = b''.join(line.removeprefix(b'stdout.txt: ') for line in printed.splitlines(True)).rstrip(b'\n')
    return {**_spread(samples), 'bytes_written': len(written), 'bytes_lost': len(written) - len(printed),
            'exit_status': stream.wait(), 'ends_after_last_line': round((ended - read) * 1000, 1)}


def _wait(service: RunningService, profile: dict[str, str], rounds: int) -> dict[str, float]:
    """From the job's last instruction to the end of az's process."""
    samples = []
    for number in range(rounds):
        name = f'wait{number}'
        service.submit(name, 'bench', 'sleep 2; echo "$EPOCHREALTIME"; exit 3')
        waiting = _az(f'batchai job wait {_JOB} -n {name}', profile)
        waiting.communicate()
        ended = time.time()
        assert waiting.returncode == 3
        log = service.log_folder(service.wait(name)) / 'stdout.txt'
        samples.append((ended - float(log.read_text().strip().replace(',', '.'))) * 1000)
    return _spread(samples)


def _spread(values: list[float]) -> dict[str, float]:
    return {'samples': len(values), 'median': round(statistics.median(values), 1), 'most': round(max(values), 1)}


if __name__ == '__main__':
    main()
