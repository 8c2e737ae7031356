"""Commands in containers as launches of the process engine: stopping them, and what is left of them then."""
import time
from dataclasses import replace

import psutil
import pytest
from container_kit import IMAGE, wait_for

from azext_batchai.service.containers.commands import start_command
from azext_batchai.service.containers.image import read_image
from azext_batchai.service.engines.base import LaunchState
from azext_batchai.service.engines.process import ProcessEngine

ENDED, RUNNING = LaunchState.ENDED, LaunchState.RUNNING


@pytest.fixture
def engine():
    return ProcessEngine()


def mark_of(process):
    try:
        return process.environ().get('AZ_BATCHAI_LAUNCH')
    except psutil.Error:
        return None


def processes_of(launch):
    return [process for process in psutil.process_iter() if mark_of(process) == str(launch.folder)]


def ended(engine, handle):
    return wait_for(lambda: engine.poll([handle])[handle], lambda seen: seen.state is not RUNNING, 'the launch to end')


def begun(running, name='launch'):
    log = running.log(name, 'out')
    wait_for(lambda: log.exists() and log.read_text().startswith('begun'), bool, f'the command to begin, in {log}')


@pytest.mark.parametrize('code', [0, 3, 127, 143])
def test_a_launch_ends_with_the_code_of_the_command_in_the_container(running, engine, code):
    handle = engine.start(running.launch(f'exit {code}'))
    assert ended(engine, handle).exit_codes == (code,)


def test_a_command_may_tidy_up_within_the_grace_and_its_last_words_are_kept(running, engine):
    launch = running.launch('trap "sleep 0.2; echo tidy; exit 5" TERM; echo begun; while :; do sleep 0.05; done')
    handle = engine.start(launch)
    begun(running)
    engine.stop(handle, 60.0)
    assert ended(engine, handle).exit_codes == (5,)
    assert running.log('launch', 'out').read_text() == 'begun\ntidy\n'


def test_what_ignores_the_signal_is_killed_with_all_that_it_started(running, engine):
    launch = running.launch("trap '' TERM; (trap '' TERM; while :; do sleep 0.05; done) & echo begun; "
                            'while :; do sleep 0.05; done')
    handle = engine.start(launch)
    begun(running)
    engine.stop(handle, 60.0)
    time.sleep(0.2)  # long enough for a process that does not ignore it
    assert engine.poll([handle])[handle].state is RUNNING
    began = time.monotonic()
    engine.stop(handle, 0)
    ended(engine, handle)
    assert time.monotonic() - began < 5
    wait_for(lambda: processes_of(launch), lambda left: not left, 'its processes to be gone')
    assert running.run('echo "the container is there"')[1] == 'the container is there\n'


def test_stopping_and_releasing_one_launch_leaves_container_and_others_alone(running, engine):
    first, second = (running.launch('echo begun; sleep 1000', name, running.work / name)
                     for name in ('launch', 'second'))
    handles = engine.start(first), engine.start(second)
    begun(running)
    begun(running, 'second')
    engine.stop(handles[0], 0)
    ended(engine, handles[0])
    engine.release(handles[0])
    wait_for(lambda: processes_of(first), lambda left: not left, 'the first to be gone')
    assert running.names() == [running.name] and processes_of(second)


def test_a_container_does_not_belong_to_the_launch_that_started_it(containers, engine):
    launch = containers.launch('')
    start = start_command(containers.runtime, containers.container(), read_image({'image': IMAGE}))
    handle = engine.start(replace(launch, tasks=(replace(launch.tasks[0], command=start),)))
    assert ended(engine, handle).exit_codes == (0,), launch.tasks[0].stderr.read_text()
    engine.stop(handle, 0)  # also for what is at work in the folder that it began in
    engine.poll([handle])
    assert containers.run('exit 4')[0] == 4


def test_another_service_finds_the_end_of_a_command(running, engine):
    handle = engine.start(running.launch('echo begun; sleep 0.2; exit 6'))
    begun(running)
    assert ended(ProcessEngine(), handle).exit_codes == (6,)


def test_a_container_removed_under_its_command_ends_it(containers, engine):
    assert containers.start().returncode == 0
    handle = engine.start(containers.launch('echo begun; sleep 1000'))
    begun(containers)
    assert containers.remove().returncode == 0
    assert ended(engine, handle).exit_codes == (137,)


def test_nothing_but_the_command_is_in_the_launch_while_it_runs(running, engine):
    """No copy of podman stays in memory for each task."""
    launch = running.launch('echo begun; sleep 1000')
    handle = engine.start(launch)
    begun(running)
    assert 'podman' not in {process.name() for process in processes_of(launch)}
    engine.stop(handle, 0)
    ended(engine, handle)
