"""Variables of a job that would change the shell around it, which keeps its exit code, or the service."""

import psutil
import pytest
from contract import wait_until

from azext_batchai.service.engines.base import Launch, LaunchState, Task
from azext_batchai.service.engines.process import ProcessEngine
from azext_batchai.service.engines.trees import MARK

PATH = '/usr/local/bin:/usr/bin:/bin'
HOSTILE = {'LD_PRELOAD': '/nowhere/evil.so', 'LD_LIBRARY_PATH': '/nowhere', 'LD_AUDIT': '/nowhere/audit.so',
           'GLIBC_TUNABLES': 'glibc.malloc.check=3', 'PYTHONPATH': '/nowhere', 'PYTHONSTARTUP': '/nowhere/start.py',
           'ENV': '/nowhere/env.sh', 'IFS': '0123456789', 'PATH': '/nowhere', 'CDPATH': '/nowhere',
           'BASH_FUNC_echo%%': '() { builtin echo 0; }', 'number': '5', 'text': 'five', '_BATCHAI_CARRIES_0': 'x=y',
           MARK: '/somebody/elses'}


def start(tmp_path, command, variables, engine=None):
    engine = engine or ProcessEngine()
    work = tmp_path / 'work'
    work.mkdir(exist_ok=True)
    launch = Launch('one', tmp_path / 'launches' / 'one', (Task(
        'node', command, {'PATH': PATH, **variables}, work, tmp_path / 'out', tmp_path / 'err'),))
    return engine, launch, engine.start(launch)


def end_of(engine, handle):
    seen = wait_until(lambda: engine.poll([handle])[handle], lambda each: each.state is not LaunchState.RUNNING,
                      'the end')
    engine.release(handle)
    return seen.exit_codes


def test_the_shell_around_a_task_has_none_of_its_variables(tmp_path):
    engine, launch, handle = start(tmp_path, '/bin/sleep 1000', HOSTILE)
    try:
        pid = int(wait_until(lambda: (launch.folder / '0.started').exists()
                             and (launch.folder / '0.started').read_text(), bool, 'the shell'))
        names = set(psutil.Process(pid).environ())
        assert names - {MARK} and all(name.startswith('_BATCHAI_CARRIES_') for name in names - {MARK})
    finally:
        engine.stop(handle, 0)
        end_of(engine, handle)


def test_a_task_has_all_that_a_shell_can_give_it(tmp_path):
    variables = {name: value for name, value in HOSTILE.items() if name not in ('LD_AUDIT', 'GLIBC_TUNABLES')}
    engine, launch, handle = start(tmp_path, 'exec /usr/bin/env -0', {**variables, 'EMPTY': '', 'LINES': 'a\nb'})
    end_of(engine, handle)
    seen = dict(entry.split('=', 1) for entry in (tmp_path / 'out').read_text().split('\0') if entry)
    expected = {**variables, 'EMPTY': '', 'LINES': 'a\nb', MARK: str(launch.folder)}
    for left_out in ('BASH_FUNC_echo%%', '_BATCHAI_CARRIES_0', 'IFS'):
        expected.pop(left_out)
    assert {name: seen.get(name) for name in expected} == expected


@pytest.mark.parametrize('name, value', [
    ('BASH_ENV', 'forge'), ('ENV', 'forge'), ('BASH_FUNC_echo%%', '() { builtin echo 0; }'),
    ('BASH_FUNC_exit%%', '() { builtin exit 0; }'), ('LD_PRELOAD', '/nowhere/evil.so'), ('PATH', '/nowhere'),
    ('IFS', '37'), ('SHELLOPTS', 'noexec'), ('OPTIND', 'x'), ('PPID', 'x'), ('UID', 'x')])
def test_no_variable_changes_the_exit_code_that_is_kept(tmp_path, name, value):
    (tmp_path / 'forge').write_text('echo() { builtin echo 0; }\n')
    value = str(tmp_path / 'forge') if value == 'forge' else value
    engine, _, handle = start(tmp_path, 'exit 37', {name: value}, ProcessEngine(shell='/bin/sh'))
    assert end_of(engine, handle) == (37,)


def test_the_variables_of_a_task_are_in_no_command_line(tmp_path):
    engine, launch, handle = start(tmp_path, 'sleep 1000', {'PASSWORD': 'xyzzy-of-this-test'})
    try:
        wait_until(lambda: [p for p in psutil.process_iter() if 'sleep' in p.name()], bool, 'the command to run')
        seen = [process.info['cmdline'] for process in psutil.process_iter(['cmdline'])]
        assert not any('xyzzy' in word for words in seen for word in words or ())
    finally:
        engine.stop(handle, 0)
        end_of(engine, handle)
