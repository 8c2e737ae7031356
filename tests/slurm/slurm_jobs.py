"""The service in this process, with the four nodes of the test Slurm: its jobs are jobs of Slurm."""
import sys
from contextlib import contextmanager
from pathlib import Path

for folder in ('', 'real'):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'service' / folder))

from recorded_jobs import RecordedJobs  # noqa: E402

from azext_batchai.service.engines.slurm.engine import SlurmEngine  # noqa: E402
from azext_batchai.service.settings import Settings  # noqa: E402


class SlurmJobs(RecordedJobs):
    """`slurm` is the SlurmCluster that the commands find."""

    def __init__(self, folder, slurm):
        self.slurm = slurm
        super().__init__(folder / 'data', folder / 'work', SlurmEngine(Settings(data_dir=folder / 'data')))
        self.engine.check()

    def close(self):
        for launch in self.store.launches.live():
            if launch.handle:
                self.engine.stop(launch.handle, 0)
        self.wait_until(lambda: not self.slurm.run('squeue', '--noheader'), 'an empty queue')
        super().close()
        self.engine.close()

    def restart(self):
        """As if the service had been killed and started again, the engine in it too."""
        self.engine.close()
        self.engine = SlurmEngine(self.settings)
        self.engine.check()
        super().restart()


@contextmanager
def slurm_jobs(folder, slurm, monkeypatch):
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    made = SlurmJobs(folder, slurm)
    try:
        yield made
    finally:
        made.close()
