"""What a job, on purpose or not, makes of the folders that the service writes to as well."""
import os
from pathlib import Path

import pytest
from harness import manual

from azext_batchai.service.engines.base import LaunchState, Observation
from azext_batchai.service.scheduler.failures import last_lines
from azext_batchai.service.scheduler.node_files import discard_on_node, write_on_node
from azext_batchai.service.secrets.masking import mask

CONTAINER = {'imageSourceRegistry': {'image': 'ubuntu', 'serverUrl': 'registry.example.com',
                                     'credentials': {'username': 'alex', 'password': 'secret-of-the-registry'}}}
PREPARED = {'jobPreparation': {'commandLine': 'sleep'}, 'secrets': [{'name': 'KEY', 'value': 'secret-of-the-job'}]}


@pytest.fixture
def contained(harness, tmp_path):
    """A cluster of one node, on a machine with something that is called podman."""
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin' / 'podman').touch(0o755)
    harness.search_path = str(tmp_path / 'bin')
    harness.restart()
    harness.make_cluster(scaleSettings=manual(1))
    return harness


def prepared(harness, **more):
    """Begin a job and let it come to its preparation. Returns its temporary folder."""
    harness.submit('j', **PREPARED, **more)
    harness.settle()
    if harness.running_launch('j').purpose == 'container':
        harness.end('j')
    launch = harness.running_launch('j')
    assert launch.purpose == 'preparation'
    return next((harness.data_dir / 'nodes').glob('*/*/jobs/w/e/j'))


def code_of(harness):
    return harness.job('j')['executionInfo']['errors'][0]['code']


def test_a_pipe_in_the_place_of_the_host_file_does_not_stop_the_service(pair):
    temp = prepared(pair)
    (temp / 'hostfile').unlink()
    os.mkfifo(temp / 'hostfile')
    pair.end('j')
    assert pair.running_launch('j').purpose == 'job' and (temp / 'hostfile').read_text().startswith('127.0.0.1 ')


def test_a_link_in_the_place_of_the_host_file_is_replaced_and_not_followed(pair, tmp_path):
    temp, mine = prepared(pair), tmp_path / 'profile'
    mine.write_text('mine')
    (temp / 'hostfile').unlink()
    (temp / 'hostfile').symlink_to(mine)
    pair.end('j')
    assert mine.read_text() == 'mine' and not (temp / 'hostfile').is_symlink()


def test_secrets_are_not_written_through_a_link(contained, tmp_path):
    temp, elsewhere = prepared(contained, containerSettings=CONTAINER), tmp_path / 'elsewhere'
    elsewhere.mkdir()
    (temp / '.batchai').rename(temp / 'old')
    (temp / '.batchai').symlink_to(elsewhere)
    contained.end('j')
    assert list(elsewhere.iterdir()) == []
    contained.end('j')
    assert contained.state('j') == 'failed' and code_of(contained) == 'JobNodePreparationFailed'
    assert not os.path.lexists(temp / '.batchai') and elsewhere.is_dir()


def test_a_job_that_made_a_link_of_its_folder_ends_and_what_it_leads_to_stays(pair, tmp_path):
    temp, elsewhere = prepared(pair), tmp_path / 'elsewhere'
    pair.end('j')
    (elsewhere / 'mounts').mkdir(parents=True)
    temp.rename(temp.with_name('moved'))
    temp.symlink_to(elsewhere)
    pair.end('j')
    assert pair.state('j') == 'succeeded' and pair.counts() == {'idle': 2}
    assert (elsewhere / 'mounts').is_dir()


def test_the_credentials_of_the_registry_are_gone_once_the_container_is_there(contained):
    contained.submit('j', containerSettings=CONTAINER, **PREPARED)
    contained.settle()
    private = next((contained.data_dir / 'nodes').rglob('.batchai'))
    file = private / 'registry' / 'config.json'
    assert [oct(place.stat().st_mode & 0o777) for place in (private, file.parent, file)] == ['0o700', '0o700', '0o600']
    contained.end('j')
    assert [place.name for place in private.iterdir()] == ['preparation-0.environment']


def test_a_container_that_may_be_left_is_in_the_log_of_the_service(contained, caplog):
    contained.submit('j', containerSettings=CONTAINER)
    contained.settle()
    contained.end('j')
    contained.end('j')
    launch = contained.running_launch('j')
    task, = contained.engine.launches[launch.id].tasks
    Path(task.stderr).parent.mkdir(parents=True, exist_ok=True)
    Path(task.stderr).write_text('no \x1b[31manswer\n')
    contained.end('j', 125)
    assert contained.state('j') == 'succeeded'
    assert 'experiments/e/jobs/j may be left on its node: no \\x1b[31manswer' in caplog.text


def test_a_job_in_a_container_may_lose_its_nodes_as_often_as_any_other(contained):
    cluster, = contained.store.clusters.all()
    contained.submit('j', containerSettings=CONTAINER)
    lost = 0
    while contained.state('j') != 'failed':
        contained.settle()
        if contained.running_launch('j').purpose == 'job':
            lost += 1
            contained.engine.lose_node(cluster.resource.guid, 1)
            contained.turn()
        else:
            contained.end('j')
    assert lost == 5 and contained.job('j')['executionInfo']['errors'][0]['message'] == 'The job lost its nodes 5 times'


def test_the_plan_of_a_gang_is_made_again_only_when_another_of_its_tasks_has_ended(pair, monkeypatch):
    pair.submit('j', customToolkitSettings=None, tensorFlowSettings={
        'pythonScriptFilePath': '/t.py', 'workerCount': 3, 'parameterServerCount': 1})
    pair.settle()
    attempts, looks = pair.scheduler._attempts, []
    known = attempts._staging.known_tasks
    monkeypatch.setattr(attempts._staging, 'known_tasks', lambda *given: looks.append(given) or known(*given))
    launch = pair.running_launch('j')
    for codes in ((0, None, None, None), (0, None, None, None), (0, 0, None, None), (0, 0, None, None)):
        attempts.progressed(launch, Observation(LaunchState.RUNNING, codes), 1.0)
    assert len(looks) == 2 and pair.engine.stops == []


def test_a_file_goes_to_a_node_in_folders_for_its_owner_alone(tmp_path):
    write_on_node(tmp_path, tmp_path / 'a' / 'b' / 'file', 'first')
    write_on_node(tmp_path, tmp_path / 'a' / 'b' / 'file', 'second')
    assert [place.stat().st_mode & 0o777 for place in (tmp_path / 'a', tmp_path / 'a' / 'b')] == [0o700, 0o700]
    assert (tmp_path / 'a' / 'b' / 'file').read_text() == 'second' and len(list((tmp_path / 'a' / 'b').iterdir())) == 1


def test_a_link_on_the_way_to_a_file_is_an_error_that_names_the_file(tmp_path):
    disk, elsewhere = tmp_path / 'disk', tmp_path / 'elsewhere'
    disk.mkdir()
    elsewhere.mkdir()
    (disk / 'a').symlink_to(elsewhere)
    with pytest.raises(OSError) as caught:
        write_on_node(disk, disk / 'a' / 'file', 'text')
    assert caught.value.filename == str(disk / 'a' / 'file') and list(elsewhere.iterdir()) == []


def test_what_cannot_be_taken_away_stays_and_is_logged(tmp_path, caplog):
    disk, elsewhere = tmp_path / 'disk', tmp_path / 'elsewhere'
    disk.mkdir()
    (elsewhere / 'mine').mkdir(parents=True)
    (disk / 'a').symlink_to(elsewhere)
    (disk / 'round').symlink_to(disk / 'round')
    for path in (disk / 'a' / 'mine', disk / 'round' / 'x', disk / 'none'):
        discard_on_node(disk, path, tmp_path / 'trash')
    assert (elsewhere / 'mine').is_dir() and f'{disk / "a" / "mine"} stays where it is' in caplog.text


def test_the_last_lines_of_a_log_show_no_half_of_a_secret(tmp_path):
    """What is shown of a line without an end begins within the secret."""
    secret, log = 'begin-of-the-secret-end', tmp_path / 'stderr.txt'
    log.write_text(f'first\nx{secret}{"y" * 1990}')
    assert last_lines(log)[:10] == 'secret-end'[-10:]
    shown = last_lines(log, lambda text: mask(text, [secret]))
    assert shown.endswith('y' * 1990) and 'end' not in shown and len(shown) <= 2000


def test_the_last_lines_of_a_log_are_whole_lines(tmp_path):
    log = tmp_path / 'stderr.txt'
    log.write_text(''.join(f'line {number:03}\n' for number in range(999)))
    lines = last_lines(log).splitlines()
    assert lines[-1] == 'line 998' and all(len(line) == 8 for line in lines) and 200 < len(lines) <= 222
    log.write_text('one\ntwo\n')
    assert last_lines(log) == 'one\ntwo'
