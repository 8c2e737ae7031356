"""Slurm's commands as scripts, for failures that the real ones show too seldom. Jobs run when a test says so."""
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from slurm_engine_kit import SlurmEngineUnderTest

from contract import wait_until

SCRIPT = Path(__file__).parent / 'fake_commands' / 'fake_slurm.py'
COMMANDS = ('sbatch', 'squeue', 'scancel', 'sinfo', 'scontrol', 'sacct', 'srun')


class FakeSlurm:
    """In a folder that goes first on PATH."""

    def __init__(self, folder):
        self.folder = folder
        for name in ('jobs', 'faults'):
            (folder / name).mkdir(parents=True)
        for command in COMMANDS:
            (folder / command).write_text(f'#!{sys.executable} -IS\n{SCRIPT.read_text()}')
            (folder / command).chmod(0o755)

    def jobs(self):
        found = [json.loads(path.read_text()) for path in (self.folder / 'jobs').iterdir() if path.name.isdigit()]
        return sorted(found, key=lambda job: int(job['id']))

    def fault(self, command, text=''):
        """What goes wrong with a command from now on; without a text, nothing does."""
        place = self.folder / 'faults' / command
        if text:
            place.write_text(text)
        else:
            place.unlink(missing_ok=True)

    def all_down(self, down=True):
        for command in COMMANDS:
            self.fault(command, 'down' if down else '')

    def set(self, number, **values):
        path = self.folder / 'jobs' / str(number)
        new = path.with_name(f'{number}.set')
        new.write_text(json.dumps({**json.loads(path.read_text()), **values}))
        new.rename(path)

    def calls(self, command):
        text = (self.folder / 'calls').read_text() if (self.folder / 'calls').exists() else ''
        return [line for line in text.splitlines() if line.startswith(command)]

    def wait_for_job(self, count=1):
        return wait_until(self.jobs, lambda jobs: len(jobs) == count, f'{count} jobs')[-1]

    def begin(self, number=1, node='n1'):
        """Give a job of one node its node, and run its batch script there."""
        job = self.jobs()[number - 1]
        self.set(number, state='RUNNING', reason='None')
        given = {'PATH': os.environ['PATH'], 'SLURM_JOB_ID': job['id'], 'SLURM_JOB_NUM_NODES': '1',
                 'SLURMD_NODENAME': node, 'SLURM_JOB_NODELIST': node}
        return subprocess.Popen(['/bin/sh', job['script'], *job['arguments']], cwd=job['folder'], env=given,
                                start_new_session=True)

    def run(self, number=1, node='n1'):
        """As `begin`, and until it has ended."""
        assert self.begin(number, node).wait(30) == 0
        self.set(number, state='COMPLETED')

    def kill(self, number, state, process=None):
        """End a job as Slurm does, whose state it has from then on."""
        self.set(number, state=state)
        if process:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class FakeSlurmUnderTest(SlurmEngineUnderTest):

    @pytest.fixture
    def slurm_here(self, tmp_path, monkeypatch):
        fake = FakeSlurm(tmp_path / 'bin')
        monkeypatch.setenv('PATH', f'{fake.folder}:/usr/local/bin:/usr/bin:/bin')
        monkeypatch.setenv('SLURM_CONF', str(tmp_path / 'bin' / 'jobs'))
        monkeypatch.setattr('azext_batchai.service.engines.slurm.submission._SUBMIT_SECONDS', 1.0)
        monkeypatch.setattr('azext_batchai.service.engines.slurm.queue._no_accounting_until', 0.0)
        return fake

    @pytest.fixture
    def engine(self, slurm_here, tmp_path):
        self._made, self._slurm, self._place = [], slurm_here, tmp_path
        yield self.new_engine()
        for engine in self._made:
            engine.close()
