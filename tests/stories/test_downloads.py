"""`az batchai job file download` against a service that really ran the job, with accidents on the way."""
from __future__ import annotations

import copy
import filecmp
import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest
from installed_az import Az
from rest import Rest, cluster, job
from waiting import until

LARGE = 200_000_000


@pytest.fixture
def here(shared: Az, tmp_path: Path) -> Az:
    """The shared service, used from a folder that is this test's own."""
    az = copy.copy(shared)
    az.folder = tmp_path
    return az


def prepare(az: Az) -> Rest:
    """A cluster of one node that sees the folder `work` of `az`."""
    work = az.folder / 'work'
    work.mkdir(exist_ok=True)
    rest = az.rest()
    rest.make_cluster('demoCluster', 1, work)
    return rest


def submit(rest: Rest, name: str, command: str) -> None:
    """A job whose `command` runs in its output directory MODEL."""
    status, body = rest.call('PUT', job(name), {'properties': {
        'cluster': {'id': cluster('demoCluster')}, 'nodeCount': 1,
        'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
        'outputDirectories': [{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work', 'pathSuffix': 'model'}],
        'customToolkitSettings': {'commandLine': f'cd $AZ_BATCHAI_OUTPUT_MODEL; {command}'}}})
    assert status == 202, body


def ran(az: Az, command: str, name: str = 'j') -> Path:
    """Run a job to its end. Returns its output directory MODEL."""
    rest = prepare(az)
    submit(rest, name, command)
    seen = rest.wait_for_job(name)
    assert seen['executionInfo']['exitCode'] == 0, seen
    return az.folder / 'work' / seen['jobOutputDirectoryPathSegment'] / 'outputs' / 'model'


def states(az: Az, options: str = '-d MODEL --destination out') -> dict[str, str]:
    result = az.ok(f'batchai job file download -g demoGroup -j j {options}')
    return {file['name']: file['state'] for file in result.json}


def is_same(first: Path, second: Path) -> bool:
    """Whether two folders hold the same, the record of downloads aside."""
    compared = filecmp.dircmp(first, second, ignore=['.batchai-download'])
    return not (compared.left_only or compared.right_only or compared.funny_files) and not filecmp.cmpfiles(
        first, second, compared.common_files, shallow=False)[1] and all(
        is_same(first / name, second / name) for name in compared.common_dirs)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


TREE = ("mkdir -p a/b/c empty 'with space'; echo deep > a/b/c/deep.txt; echo 'naïve?' > 'with space/naïve #1 %41.txt'; "
        ': > nothing; echo top > top')


def test_a_tree_arrives_whole_and_the_second_time_nothing_is_fetched(here: Az) -> None:
    model = ran(here, TREE)
    first = here.ok('batchai job file download -g demoGroup -j j -d MODEL --destination new/out -o table')
    assert first.out.splitlines()[0].split() == ['Name', 'Path', 'Size', 'State']
    assert first.err == ''
    out = here.folder / 'new' / 'out'
    assert is_same(model, out)
    assert int((out / 'top').stat().st_mtime) == int((model / 'top').stat().st_mtime)
    assert set(states(here, '-d MODEL --destination new/out').values()) == {'skipped'}


def test_one_folder_or_one_file_can_be_chosen(here: Az) -> None:
    model = ran(here, TREE)
    assert states(here, '-d model -p a/b --destination folder') == {'c/deep.txt': 'downloaded'}
    assert (here.folder / 'folder' / 'c' / 'deep.txt').read_text() == 'deep\n'
    assert states(here, '-d MODEL -p ./a/b/c/ -f deep.txt --destination one') == {'deep.txt': 'downloaded'}
    assert states(here, '--destination logs') == {
        'execution.log': 'downloaded', 'stderr.txt': 'downloaded', 'stdout.txt': 'downloaded'}
    assert is_same(model.parent.parent / 'stdouterr', here.folder / 'logs')


def test_a_thousand_small_files_all_arrive(here: Az) -> None:
    model = ran(here, 'mkdir many; for i in $(seq 1001); do echo $i > many/$i.txt; done')
    assert len(states(here)) == 1001
    assert is_same(model, here.folder / 'out')


def test_a_killed_download_goes_on_with_what_is_missing(here: Az) -> None:
    model = ran(here, f'seq 30000000 | head -c {LARGE} > big')
    part = here.folder / 'out' / 'big.batchai-part'
    client = here.popen('batchai job file download -g demoGroup -j j -d MODEL --destination out')
    until(lambda: size(part), 'nothing was fetched')
    client.kill()
    client.wait()
    kept = size(part)
    assert 0 < kept < LARGE
    with open(part, 'r+b') as stream:
        stream.write(b'?')  # what is fetched again would not have it
    assert states(here) == {'big': 'resumed'}
    fetched = here.folder / 'out' / 'big'
    assert size(fetched) == LARGE
    with open(fetched, 'r+b') as stream:
        assert stream.read(1) == b'?'
        stream.seek(0)
        stream.write(b'1')
    assert is_same(model, here.folder / 'out')


def test_ctrl_c_keeps_what_was_fetched_and_says_how_to_go_on(here: Az) -> None:
    ran(here, f'truncate -s {LARGE} big')
    part = here.folder / 'out' / 'big.batchai-part'
    client = here.popen('batchai job file download -g demoGroup -j j -d MODEL --destination out',
                        stderr=subprocess.PIPE)
    until(lambda: size(part), 'nothing was fetched')
    client.send_signal(signal.SIGINT)
    _, err = client.communicate(timeout=20)
    assert err.decode().splitlines() == [
        "ERROR: Stopped. What was fetched is kept in 'out'; the same command goes on from there."]
    assert client.returncode != 0
    assert size(part) and states(here) == {'big': 'resumed'}


def test_a_download_outlives_a_restart_of_the_service(own: Az) -> None:
    model = ran(own, f'seq 30000000 | head -c {LARGE} > big; echo small > small')
    part = own.folder / 'out' / 'big.batchai-part'
    client = own.popen('batchai job file download -g demoGroup -j j -d MODEL --destination out',
                       stdout=subprocess.DEVNULL)
    until(lambda: size(part), 'nothing was fetched')
    os.kill(client.pid, signal.SIGSTOP)
    os.kill(own.rest().state['pid'], signal.SIGKILL)
    own.ok('batchai service start -o none')
    assert size(part) < LARGE
    os.kill(client.pid, signal.SIGCONT)
    assert client.wait(timeout=60) == 0
    assert is_same(model, own.folder / 'out')


def test_a_log_is_fetched_as_far_as_it_is_and_later_whole(here: Az) -> None:
    rest = prepare(here)
    release = here.folder / 'release'
    submit(rest, 'j', f'echo before; while [ ! -e {release} ]; do sleep 0.02; done; echo after')
    log = here.folder / 'out' / 'stdout.txt'
    until(lambda: states(here, '-f stdout.txt --destination out') and log.read_text(), 'no log came')
    assert log.read_text() == 'before\n'
    release.touch()
    rest.wait_for_job('j')
    assert states(here, '-f stdout.txt --destination out') == {'stdout.txt': 'downloaded'}
    assert log.read_text() == 'before\nafter\n'


def test_a_job_that_has_not_begun_has_no_files(here: Az) -> None:
    rest = prepare(here)
    rest.call('PATCH', cluster('demoCluster'), {'properties': {'scaleSettings': {'manual': {'targetNodeCount': 0}}}})
    rest.wait(cluster('demoCluster'), lambda seen: seen['currentNodeCount'] == 0)
    submit(rest, 'j', 'true')
    result = here.ok('batchai job file download -g demoGroup -j j --destination out')
    assert result.json == [] and "Job 'j' has no files there." in result.err
    assert not (here.folder / 'out').exists()


def test_a_terminal_sees_a_bar(here: Az) -> None:
    ran(here, f'truncate -s {LARGE} big')
    ours, theirs = pty.openpty()
    client = here.popen('batchai job file download -g demoGroup -j j -d MODEL --destination out -o none',
                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    seen = b''
    try:
        while block := os.read(ours, 4096):
            seen += block
    except OSError:
        pass  # Linux ends a terminal whose other side is closed like this
    os.close(ours)
    assert client.wait(timeout=20) == 0
    assert b'/1 files, ' in seen and b' of 200.0 MB [' in seen
    assert seen.endswith(b'100.0000%\r\n')


BAD_LINES = [
    ('-d MODEL -p ../..', "'../..' leaves the output directory"),
    ('-d MODEL -p nowhere', "There is no directory 'nowhere'"),
    ('-d MODEL -p top', "'top' is a file"),
    ('-d NONE', "'NONE' is not the id of an output directory; this job has stdouterr, MODEL"),
    ('-d MODEL -f a/b/c/deep.txt', "write --path 'a/b/c' --file-name 'deep.txt'"),
    ('-d MODEL -f tip', "has no file 'tip' there; the directory holds: nothing, top."),
    ('-d MODEL --destination taken/top', "--destination 'taken/top' is a file"),
    ('-d MODEL --destination taken', "'taken/top' is there already and is not the job's file as it is now"),
    ('-d MODEL --destination taken/top/below', 'taken/top'),
    ('-d MODEL --destination /proc/new', "Cannot write '/proc/new/"),
    ('-d MODEL --destination /dev/null', "--destination '/dev/null' is a file"),
]


def test_mistakes_are_told_in_one_line_and_leave_nothing_behind(here: Az) -> None:
    ran(here, TREE)
    (here.folder / 'taken').mkdir()
    here.write('taken/top', 'mine')
    for options, said in BAD_LINES:
        result = here(f'batchai job file download -g demoGroup -j j {options}')
        assert result.code != 0 and said in result.problem, options
    assert [path.name for path in here.folder.rglob('*') if path.name in ('.batchai-download', 'deep.txt')
            and 'work' not in path.parts] == []
    assert (here.folder / 'taken' / 'top').read_text() == 'mine'


def test_overwrite_replaces_a_file_of_somebody_else(here: Az) -> None:
    model = ran(here, TREE)
    (here.folder / 'out').mkdir()
    here.write('out/top', 'mine')
    assert set(states(here, '-d MODEL --destination out --overwrite').values()) == {'downloaded'}
    assert is_same(model, here.folder / 'out')
