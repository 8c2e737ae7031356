"""Single promises of the scheduler: who is ended when, what a bad path or a pipe does, what is forgotten."""
from pathlib import Path

import pytest
from harness import auto, cluster_path, manual
from scheduler_kit import resize, started


# what a review found

def test_the_processes_of_a_preparation_live_until_the_job_has_ended(pair):
    released = []
    pair.engine.release, release = released.append, pair.engine.release
    pair.submit('j', jobPreparation={'commandLine': 'exit 0'})
    pair.settle()
    assert started(pair, 'j') == ['preparation', 'job'] and released == []
    pair.end('j', 0)
    assert len(released) == 2
    pair.engine.release = release


def test_what_a_set_up_left_running_is_ended_when_the_node_leaves(harness):
    released = []
    harness.engine.release = released.append
    harness.make_cluster(scaleSettings=manual(1), nodeSetup={'mountVolumes': {'unmanagedFileSystems': [
        {'mountCommand': 'exit 0', 'relativeMountPath': 'm'}]}}, settle=False)
    launch, = [name for name in _settled(harness).engine.starts]
    harness.engine.end(launch, 0)
    harness.settle()
    assert harness.counts() == {'idle': 1} and released == []
    resize(harness, 0)
    harness.settle()
    assert released == [f'fake:{launch}']


def _settled(harness):
    harness.settle()
    return harness


def test_a_crash_before_the_verdict_on_a_set_up_leaves_an_unusable_node(harness):
    harness.make_cluster(scaleSettings=manual(1), nodeSetup={'setupTask': {
        'commandLine': 'sleep', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT'}}, settle=False)
    harness.settle()
    launch, = harness.engine.starts
    harness.store.launches.ended(launch, {'state': 'rejected'}, harness.now)
    harness.restart()
    harness.settle()
    assert harness.counts() == {'unusable': 1}


def test_an_unusable_node_does_not_starve_the_queue_of_an_auto_scale_cluster(harness):
    harness.make_cluster(scaleSettings=auto(0, 3), nodeSetup={'setupTask': {
        'commandLine': 'sleep', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT'}})
    harness.submit('j')
    harness.settle()
    harness.engine.end(harness.engine.starts[-1], 1)
    harness.settle()
    assert harness.counts() == {'unusable': 1, 'preparing': 1}
    harness.engine.end(harness.engine.starts[-1], 0)
    harness.settle()
    assert harness.state('j') == 'running'


@pytest.mark.parametrize('properties', [
    {'stdOutErrPathPrefix': '$AZ_BATCHAI_TYPO'}, {'stdOutErrPathPrefix': 'logs'},
    {'outputDirectories': [{'id': 'A', 'pathPrefix': 'out'}]},
    {'outputDirectories': [{'id': 'A', 'pathPrefix': '/tmp', 'pathSuffix': '$HOME'}]}])
def test_a_path_that_leads_nowhere_known_fails_the_job_with_the_path(pair, properties):
    pair.submit('j', **properties)
    pair.settle()
    problem, = pair.job('j')['executionInfo']['errors']
    assert (pair.state('j'), problem['code']) == ('failed', 'JobNodePreparationFailed')
    assert any(said in problem['message'] for said in ('absolute path', 'leads out', 'no such variable'))


def test_every_node_of_a_gang_has_the_output_directories(pair):
    pair.submit('j', nodeCount=2, jobPreparation={'commandLine': 'sleep'},
                outputDirectories=[{'id': 'M', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP'}])
    pair.settle()
    tasks = pair.engine.launches[pair.running_launch('j').id].tasks
    folders = [Path(task.environment['AZ_BATCHAI_OUTPUT_M']) for task in tasks]
    assert len(set(folders)) == 2 and all(folder.is_dir() for folder in folders)
    (folders[1] / 'made').write_text('x')
    assert (folders[0] / 'made').read_text() == 'x'


def test_a_pipe_in_the_place_of_the_log_stops_nobody(pair):
    import os
    pair.submit('j')
    pair.settle()
    log = Path(pair.job_record('j').directories['stdouterr']) / 'execution.log'
    log.unlink()
    os.mkfifo(log)
    pair.end('j', 0)
    assert pair.state('j') == 'succeeded'


def test_the_log_of_the_database_is_emptied_once_secrets_are_forgotten(pair):
    pair.submit('j', secrets=[{'name': 'S', 'value': 'value-of-the-secret'}])
    pair.settle()
    data = pair.folders.data_dir
    assert any(b'value-of-the-secret' in path.read_bytes() for path in data.glob('*.db*'))
    pair.end('j', 0)
    assert not any(b'value-of-the-secret' in path.read_bytes() for path in data.glob('*.db*'))


def test_the_secrets_of_a_set_up_task_are_in_no_file_once_the_cluster_is_deleted(harness):
    harness.make_cluster(nodeSetup={'setupTask': {
        'commandLine': 'true', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs',
        'secrets': [{'name': 'S', 'value': 'value-of-the-secret'}]}})
    files = harness.folders.data_dir.glob
    assert any(b'value-of-the-secret' in path.read_bytes() for path in files('*.db*'))
    harness.delete(cluster_path('c'))
    harness.settle()
    assert not any(b'value-of-the-secret' in path.read_bytes() for path in files('*.db*'))
