"""The process engine under test: how its tasks are waited for, and the processes it starts."""
import psutil
import pytest
from contract import EngineUnderTest, wait_until
from processes import is_alive

from azext_batchai.service.engines.process import ProcessEngine

PATH = '/usr/local/bin:/usr/bin:/bin'


def pid_in(file):
    """The process id a command wrote to `file`, once it is there."""
    def look():
        try:
            return file.read_text()
        except FileNotFoundError:
            return ''
    return int(wait_until(look, lambda text: text.endswith('\n'), f'a process id in {file}'))


def wait_until_gone(pid):
    wait_until(lambda: is_alive(pid), lambda alive: not alive, f'process {pid} to be gone')


class ProcessEngineUnderTest(EngineUnderTest):

    @pytest.fixture
    def engine(self, tmp_path):
        return ProcessEngine()

    def fresh(self, engine):
        return ProcessEngine()

    def wait_until_begun(self, launch):
        for number in range(len(launch.tasks)):
            shell = psutil.Process(self.pid_of(launch, number))
            wait_until(lambda: [child.name() for child in shell.children(recursive=True)],
                       lambda names: 'sleep' in names, 'the command to run below its shell')

    def run(self, engine, tmp_path, *commands, **changes):
        """Start commands and wait for their end. Returns (observation, stdout of the first, stderr of the first)."""
        launch = self.launch(tmp_path, *commands, **changes)
        handle = engine.start(launch)
        seen = self.wait_for_end(engine, handle)
        engine.release(handle)
        return seen, launch.tasks[0].stdout.read_text(), launch.tasks[0].stderr.read_text()

    def pid_of(self, launch, number=0):
        """The process id of the shell around a task."""
        return pid_in(launch.folder / f'{number}.started')
