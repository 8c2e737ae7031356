"""The service in this process, with the real engine and the real clock: jobs are processes here."""
import time
from pathlib import Path

from harness import Harness

from azext_batchai.service.engines.process import ProcessEngine

PATIENCE = 60.0
FINAL = ('succeeded', 'failed')


class RealJobs(Harness):
    """As `Harness`, but nothing happens by itself: `wait_for` turns the scheduler until it has."""

    def __init__(self, data_dir, engine=None):
        super().__init__(data_dir, engine or ProcessEngine(trash=data_dir / 'trash'))

    def clock(self):
        return time.time()

    def close(self):
        for launch in self.store.launches.live():
            if launch.handle:
                self.engine.stop(launch.handle, 0)
                self.engine.release(launch.handle)
        super().close()

    def wait_until(self, met, what, patience=PATIENCE):
        """Turn until `met()` is true; what it returned then."""
        deadline = time.monotonic() + patience
        while True:
            self.turn()
            found = met()
            if found:
                return found
            assert time.monotonic() < deadline, f'waited {patience:g} seconds for {what}'
            time.sleep(0.005)

    def ready_cluster(self, nodes, **properties):
        """A cluster whose nodes are idle."""
        self.make_cluster(settle=False, scaleSettings={'manual': {'targetNodeCount': nodes}}, **properties)
        self.wait_until(lambda: self.counts() == {'idle': nodes}, f'{nodes} idle nodes')

    def wait_for(self, name, *states, patience=PATIENCE):
        """The job once it is in one of `states`, or has ended."""
        wanted = states or FINAL
        self.wait_until(lambda: self.state(name) in wanted, f'job {name} to be {" or ".join(wanted)}', patience)
        return self.job(name)

    def run_job(self, name='j', **properties):
        """Submit a job and wait for its end."""
        self.submit(name, **properties)
        return self.wait_for(name)

    def logs(self, name='j'):
        """The files in the job's log folder by name, as text."""
        folder = Path(self.job_record(name).directories['stdouterr'])
        return {file.name: file.read_text('utf-8', 'replace') for file in sorted(folder.iterdir())}
