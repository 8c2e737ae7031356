"""Crashes between intent, act and result, and what the loop does when something keeps failing."""
import asyncio
import sqlite3

import pytest
from harness import Crash, Harness, job_path, manual
from scheduler_kit import resize, results, started

from azext_batchai.service.engines.fake import FakeEngine


# crashes

class CrashingEngine(FakeEngine):
    """Dies once when it starts something: before or after it did."""
    crash = ''

    def start(self, launch):
        when, self.crash = self.crash, ''
        if when == 'before':
            raise Crash
        handle = super().start(launch)
        if when == 'after':
            raise Crash
        return handle


@pytest.fixture
def crashing(tmp_path):
    made = Harness(tmp_path / 'data', CrashingEngine())
    made.make_cluster(scaleSettings=manual(2))
    yield made
    made.close()


@pytest.mark.parametrize('when', ['before', 'after'])
@pytest.mark.parametrize('preparation', [False, True], ids=['the job', 'its preparation'])
def test_after_a_crash_around_the_start_it_starts_exactly_once(crashing, when, preparation):
    crashing.submit('j', nodeCount=2, jobPreparation={'commandLine': 'sleep'} if preparation else None)
    crashing.engine.crash = when
    with pytest.raises(Crash):
        crashing.turn()
    crashing.restart()
    crashing.settle()
    stages = ['preparation', 'job'] if preparation else ['job']
    assert crashing.state('j') == 'running' and started(crashing, 'j') == stages[:1]
    for _ in stages:
        crashing.end('j', 0)
    assert crashing.state('j') == 'succeeded' and started(crashing, 'j') == stages
    assert results(crashing, 'j') == ['ended'] * len(stages) and crashing.counts() == {'idle': 2}


@pytest.mark.parametrize('when', ['before', 'after'])
def test_after_a_crash_between_the_stages_the_job_starts_exactly_once(crashing, when):
    crashing.submit('j', jobPreparation={'commandLine': 'sleep'})
    crashing.settle()
    crashing.engine.crash = when
    with pytest.raises(Crash):
        crashing.end('j', 0)
    crashing.restart()
    crashing.settle()
    assert crashing.state('j') == 'running' and started(crashing, 'j') == ['preparation', 'job']


@pytest.mark.parametrize('when', ['before', 'after'])
def test_after_a_crash_around_the_set_up_of_a_node_it_is_set_up_once(crashing, when):
    crashing.engine.crash = when
    with pytest.raises(Crash):
        crashing.make_cluster('d', scaleSettings=manual(1), nodeSetup={'setupTask': {
            'commandLine': 'sleep', 'stdOutErrPathPrefix': '/tmp'}})
    crashing.restart()
    crashing.settle()
    assert crashing.counts('d') == {'preparing': 1}
    setup, = crashing.store.launches.live()
    crashing.engine.end(setup.id, 0)
    crashing.settle()
    assert crashing.counts('d') == {'idle': 1}
    assert crashing.engine.starts.count(setup.id) == 1


def test_a_job_deleted_during_the_crash_is_stopped_and_gone_after_it(crashing):
    crashing.submit('j')
    crashing.engine.crash = 'after'
    with pytest.raises(Crash):
        crashing.turn()
    crashing.delete(job_path('j'))
    crashing.restart()
    crashing.settle()
    assert crashing.get(job_path('j')).status_code == 404
    assert crashing.counts() == {'idle': 2} and crashing.store.launches.live() == []


def test_a_restart_in_the_middle_of_everything_changes_nothing(pair):
    pair.submit('runs')
    pair.submit('stops')
    pair.submit('waits', nodeCount=2)
    pair.settle()
    pair.post(f'{job_path("stops")}/terminate')
    pair.restart()
    pair.settle()
    assert pair.states('runs', 'stops', 'waits') == ['running', 'failed', 'queued']
    assert len(pair.launches('runs')) == 1
    pair.restart()
    pair.end('runs')
    assert pair.states('runs', 'waits') == ['succeeded', 'running']


def test_a_job_that_was_started_and_cannot_be_started_again_does_not_go_on(crashing, tmp_path):
    """It ran when the service died, which had not noted that; and now its share is gone."""
    share = tmp_path / 'share'
    share.mkdir()
    crashing.submit('j', mountVolumes={'unmanagedFileSystems': [
        {'mountCommand': f'mount --bind {share}', 'relativeMountPath': 'share'}]})
    crashing.engine.crash = 'after'
    with pytest.raises(Crash):
        crashing.turn()
    launch, = crashing.engine.launches
    share.rmdir()
    crashing.restart()
    crashing.settle()
    assert crashing.state('j') == 'failed' and crashing.counts() == {'idle': 2}
    assert crashing.engine.stops == [(launch, 0)] and crashing.engine.starts == [launch]


def test_a_job_that_cannot_be_started_at_all_is_not_started_to_be_stopped(crashing, tmp_path):
    crashing.submit('j', mountVolumes={'unmanagedFileSystems': [
        {'mountCommand': f'mount --bind {tmp_path / "none"}', 'relativeMountPath': 'share'}]})
    crashing.settle()
    assert crashing.state('j') == 'failed' and crashing.engine.starts == crashing.engine.stops == []


def test_a_set_up_that_was_started_and_cannot_be_started_again_does_not_go_on(crashing, tmp_path):
    share = tmp_path / 'share'
    share.mkdir()
    crashing.engine.crash = 'after'
    with pytest.raises(Crash):
        crashing.make_cluster('d', scaleSettings=manual(1), nodeSetup={
            'setupTask': {'commandLine': 'sleep', 'stdOutErrPathPrefix': '/tmp'},
            'mountVolumes': {'unmanagedFileSystems': [
                {'mountCommand': f'mount --bind {share}', 'relativeMountPath': 'share'}]}})
    launch, = crashing.engine.launches
    share.rmdir()
    crashing.restart()
    crashing.settle()
    assert crashing.counts('d') == {'unusable': 1} and crashing.engine.stops == [(launch, 0)]


def test_secrets_of_an_ended_job_are_overwritten_after_a_crash_that_came_before_that(crashing):
    secret = 'correct horse battery staple'
    crashing.submit('j', secrets=[{'name': 'KEY', 'value': secret}])
    crashing.settle()
    database = crashing.store.database

    def crash():
        raise Crash
    database.overwrite_deleted = crash
    # The last to close the database tidies up, which a process that is killed does not.
    another = sqlite3.connect(crashing.settings.database_file)
    another.execute('SELECT * FROM jobs').fetchall()
    with pytest.raises(Crash):
        crashing.end('j')

    def kept():
        return b''.join(file.read_bytes() for file in crashing.data_dir.glob('batchai.db*'))
    assert secret.encode() in kept()
    crashing.restart()
    crashing.settle()
    assert crashing.state('j') == 'succeeded' and secret.encode() not in kept()
    another.close()


def test_a_resize_begun_before_a_crash_is_finished_after_it(pair):
    scale = pair.engine.scale

    def crash(*arguments):
        pair.engine.scale = scale
        raise Crash
    pair.engine.scale = crash
    resize(pair, 0)
    with pytest.raises(Crash):
        pair.turn()
    pair.restart()
    pair.settle()
    assert (pair.counts(), pair.cluster()['allocationState']) == ({}, 'steady')


# the loop itself

async def watch_the_loop(harness, turn, check):
    """Run the real loop with another `turn`; `check` is given a function that waits for the next turn."""
    turns = asyncio.Queue()

    def watched():
        turns.put_nowait(None)
        return turn()

    async def next_turn():
        await asyncio.wait_for(turns.get(), 10)
    harness.scheduler.turn = watched
    running = asyncio.create_task(harness.scheduler.run())
    try:
        await next_turn()
        await check(next_turn)
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_the_loop_turns_on_news(harness):
    async def check(next_turn):
        for _ in range(3):
            harness.scheduler.wake()
            await next_turn()
    harness.run(watch_the_loop(harness, lambda: None, check))


def test_the_loop_turns_when_time_is_due(harness):
    dues = [0.01, 0.0, None]

    async def check(next_turn):
        await next_turn()
        await next_turn()
    harness.run(watch_the_loop(harness, lambda: dues.pop(0), check))
    assert dues == []


def test_the_loop_survives_a_turn_that_fails(harness, caplog):
    def broken():
        raise RuntimeError('a defect')

    async def check(next_turn):
        harness.scheduler.wake()
        await next_turn()
    harness.run(watch_the_loop(harness, broken, check))
    assert 'a defect' in caplog.text


def test_the_loop_hears_from_the_engine(harness):
    async def check(next_turn):
        harness.engine.end('no such launch', 0)
        await next_turn()
    harness.run(watch_the_loop(harness, lambda: None, check))
