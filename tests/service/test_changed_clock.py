"""The clock of the machine is set, forward or back, while jobs run."""
import pytest
from harness import GRACE, IDLE_DELAY, auto, job_path, manual

HOUR = 3600.0


@pytest.mark.parametrize('jump', [-HOUR, HOUR], ids=['back', 'forward'])
def test_a_job_that_ignores_being_stopped_is_killed_all_the_same(harness, jump):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j')
    harness.settle()
    launch, ignored = harness.running_launch('j').id, []
    harness.engine.stop = lambda handle, grace: ignored.append(grace)
    harness.post(f'{job_path("j")}/terminate')
    harness.turn()
    assert ignored == [GRACE]
    harness.later(jump)
    assert ignored == [GRACE, 0]
    harness.engine.end(launch, 137)
    harness.turn()
    assert harness.state('j') == 'failed'


@pytest.mark.parametrize('jump', [-HOUR, HOUR], ids=['back', 'forward'])
def test_an_idle_node_of_an_auto_scale_cluster_leaves(harness, jump):
    harness.make_cluster(scaleSettings=auto(0, 1))
    harness.submit('j')
    harness.settle()
    harness.end('j')
    harness.settle()
    assert harness.counts() == {'idle': 1}
    harness.later(jump)
    harness.settle()
    harness.later(IDLE_DELAY + 1)
    harness.settle()
    assert harness.counts() == {}


@pytest.mark.parametrize('jump', [-HOUR, -86400 * 365, HOUR], ids=['an hour back', 'a year back', 'an hour forward'])
def test_jobs_go_on_start_and_end_and_keep_their_order(harness, jump):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('first')
    harness.settle()
    harness.submit('second')
    harness.later(jump)
    harness.submit('third')
    harness.settle()
    assert harness.states('first', 'second', 'third') == ['running', 'queued', 'queued']
    for name in ('first', 'second', 'third'):
        assert harness.state(name) == 'running'
        harness.end(name, 5)
        harness.settle()
        assert harness.job(name)['executionInfo']['exitCode'] == 5
    assert [job['name'] for job in harness.get(job_path('x').rpartition('/')[0]).json()['value']] == [
        'first', 'second', 'third']


def test_a_job_is_not_stopped_early_when_the_clock_goes_back_and_still_in_the_end(harness):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j', constraints={'maxWallClockTime': 'PT2H'})
    harness.settle()
    harness.later(-HOUR)
    assert harness.state('j') == 'running'
    harness.later(2 * HOUR)
    assert harness.state('j') == 'running'
    harness.later(HOUR + 1)
    assert harness.running_launch('j').stop_time is not None


def test_a_restart_after_the_clock_went_back_changes_nothing(pair):
    pair.submit('runs')
    pair.submit('stops')
    pair.settle()
    pair.post(f'{job_path("stops")}/terminate')
    pair.now -= HOUR
    pair.restart()
    pair.settle()
    assert pair.states('runs', 'stops') == ['running', 'failed'] and len(pair.launches('runs')) == 1
