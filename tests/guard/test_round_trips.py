"""The requests that each az command sends, in order, and over how many connections, as a real service sees them."""
import re
import subprocess
import sys
from pathlib import Path

import pytest
from installed_az import AZ, Az
from rest import Rest, cluster, job
from waiting import until

SECTION = 'round trips'
_GUID = re.compile(r'[0-9a-f]{8}-[0-9a-f-]{27}')
_IN = '-g demoGroup -w migrated-eastus'
_OF = f'{_IN} -e migrated'

# Each finds what those before it have left. {config} is the file of a job that ends at once.
COMMANDS = {
    'workspace create': '-g demoGroup -n other -l eastus',
    'workspace show': '-g demoGroup -n other',
    'workspace list': '-g demoGroup',
    'workspace delete': '-g demoGroup -n other -y',
    'experiment create': f'{_IN} -n other',
    'experiment list': _IN,
    'cluster create': f'{_IN} -n new -s Standard_D1 -t 1 -u demoUser -p demoPassword',
    'cluster show': f'{_IN} -n c',
    'cluster list': _IN,
    'cluster resize': f'{_IN} -n c -t 2',
    'cluster node list': f'{_IN} -c c',
    'job create': f'{_OF} -n new -c c -f {{config}}',
    'job show': f'{_OF} -n ended',
    'job list': _OF,
    'job wait': f'{_OF} -n ended',
    'job file stream': f'{_OF} -j ended -f stdout.txt',
    'job file list': f'{_OF} -j ended',
    'job node list': f'{_OF} -j ended',
    'job terminate': f'{_OF} -n waits -y',
    'job delete': f'{_OF} -n waits -y',
    'cluster delete': f'{_IN} -n new -y',
}


@pytest.fixture(scope='module')
def counted(tmp_path_factory):
    """A profile whose service takes notes, and the file with these; a job of it ended, another waits."""
    assert AZ.exists(), "run 'make install' first"
    az = Az(tmp_path_factory.mktemp('round-trips'))
    notes, work = az.folder / 'notes', az.folder / 'work'
    work.mkdir()
    service = subprocess.Popen(
        [sys.executable, Path(__file__).with_name('counting_service.py'), notes, '--data-dir', az.data_dir],
        env=az.environment, stdin=subprocess.DEVNULL)
    try:
        until((az.data_dir / 'service.json').exists, 'the service did not start')
        az.ok('batchai service start -o none')
        rest = az.rest()
        rest.make_cluster('c', 1, work)
        _submit(rest, 'ended', 'echo words')
        rest.wait_for_job('ended')
        _submit(rest, 'waits', 'echo words', nodeCount=9)
        yield az, notes
        rest.delete_everything()
    finally:
        service.terminate()
        service.wait(30)


def _submit(rest: Rest, name: str, command: str, **more) -> None:
    status, body = rest.call('PUT', job(name), {'properties': {
        'cluster': {'id': cluster('c')}, 'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
        'customToolkitSettings': {'commandLine': command}, **more}})
    assert status == 202, body


def _shown(path: str) -> str:
    """The end of a path, which tells what was asked for; what is different every time as its kind."""
    short = path.rpartition('/Microsoft.BatchAI/')[2]
    return _GUID.sub('<guid>', short.replace('workspaces/migrated-eastus/', '').replace('experiments/migrated/', ''))


@pytest.mark.parametrize('name', COMMANDS)
def test_requests_of(counted, costs, name):
    az, notes = counted
    config = az.write('job.json', {'properties': {
        'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
        'customToolkitSettings': {'commandLine': 'true'}}})
    notes.write_text('')
    az.ok(f'batchai {name} {COMMANDS[name].format(config=config)} -o none')
    requests = [line.split(' ', 2) for line in notes.read_text('utf-8').splitlines()]
    costs(SECTION, name, {'requests': [f'{method} {_shown(path)}' for _, method, path in requests],
                          'connections': len({client for client, _, _ in requests})})


def test_the_table_lists_what_is_counted_and_nothing_else(table):
    assert list(table[SECTION]) == list(COMMANDS)
