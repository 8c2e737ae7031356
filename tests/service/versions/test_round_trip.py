"""Every property of the ARM types of 2018-03-01, and of the Puppet types of 2018-05-01, there and back."""
import pytest

from azext_batchai.arm.checking import check
from azext_batchai.service.handlers.secret_values import take_secrets
from azext_batchai.service.versions import FLAT_VERSIONS, Stored
from azext_batchai.service.versions.clusters import modern_cluster, older_cluster
from azext_batchai.service.versions.file_servers import modern_file_server, older_file_server
from azext_batchai.service.versions.jobs import modern_job, older_job
from azext_batchai.service.versions.spellings import usual_spelling
from full_bodies import ARM, PUPPET, at, dotted, full_body, is_secret, leaves, put

GROUP = '/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/rg/providers/Microsoft.BatchAI'
EAST = f'{GROUP}/workspaces/migrated-eastus'
KINDS = {
    'clusters': ('ClusterBaseProperties', 'CLUSTER', f'{EAST}/clusters/x'),
    'jobs': ('JobBaseProperties', 'JOB', f'{EAST}/experiments/migrated/jobs/x'),
    'fileServers': ('FileServerBaseProperties', 'FILE_SERVER', f'{EAST}/fileservers/x'),
}
# What the flat versions say by themselves.
FIXED = {'mountSettings.fileServerType': 'nfs', 'mountSettings.mountPoint': '/mnt/data'}
IDS = {'cluster.id': ('clusters', 'c'), 'mountVolumes.fileServers[0].fileServer.id': ('fileservers', 'f'),
       'nodeSetup.mountVolumes.fileServers[0].fileServer.id': ('fileservers', 'f')}


SPECIAL = {'schedulingPriority': 'low', 'constraints': {'maxWallClockTime': 'P1D'}, 'executionInfo': {'exitCode': 3},
           'toolType': 'custom'}


def translate(kind, properties):
    if kind == 'clusters':
        return modern_cluster(properties, 'eastus', lambda flat: None)
    if kind == 'jobs':
        return modern_job(properties, 'eastus', lambda flat: None)
    return modern_file_server(properties)


def reply(kind, view, stored, version='2018-03-01'):
    return {'clusters': older_cluster, 'jobs': older_job, 'fileServers': older_file_server}[kind](
        view, stored, version)


def with_ids(properties, form):
    for path in IDS:
        steps = tuple(int(step) if step.isdigit() else step
                      for step in path.replace('[', '.').replace(']', '').split('.'))
        if at(properties, steps) is not None:
            put(properties, steps, form.format(*IDS[path]))
    return properties


class Trip:
    """One resource of each kind, with all of its properties, from a request to the reply."""

    def __init__(self, kind):
        definition, shape, identity = KINDS[kind]
        self.sent = with_ids(full_body(ARM['types'], definition, skipped=('readOnly',)), GROUP + '/{}/{}')
        shown = full_body(ARM['types'], definition, skipped=())
        whole = {'location': 'eastus', 'properties': {**shown, **self.sent}}
        checked = check(f'{shape}_2018_03', whole)['properties']
        self.translated = translate(kind, checked)
        self.modern = check(shape, {'properties': self.translated.properties})['properties']
        self.read_only = {path: at(shown, path) for path, _, marks in leaves(ARM['types'], definition)
                          if 'readOnly' in marks}
        properties, _ = take_secrets(self.modern)
        for path, value in self.read_only.items():
            put(properties, path, value)
        self.reply = reply(kind, {'id': identity, 'name': 'x', 'type': 't', 'properties': properties},
                           Stored('eastus', {'a': 'b'}, self.translated.extras))


TRIPS = {kind: Trip(kind) for kind in KINDS}
LEAVES = [pytest.param(kind, path, fact, marks, id=f'{kind}.{dotted(path)}')
          for kind, (definition, _, _) in KINDS.items() for path, fact, marks in leaves(ARM['types'], definition)]


@pytest.mark.parametrize('kind, path, fact, marks', LEAVES)
def test_a_property_of_2018_03_comes_back_as_the_document_says(kind, path, fact, marks):
    trip = TRIPS[kind]
    name = dotted(path)
    shown = path[:-1] + ('adminUserSSHPublicKey',) if path[-1] == 'adminUserSshPublicKey' else path
    got = at(trip.reply['properties'], shown, 'nothing')
    if 'readOnly' in marks:
        assert got == FIXED.get(name, trip.read_only[path])
    elif 'writeOnly' in marks:
        assert (got, at(trip.modern, path)) == ('nothing', at(trip.sent, path))
    elif is_secret(path):
        assert (got, at(trip.modern, path)) == ('nothing', at(trip.sent, path))
    else:
        assert got == at(trip.sent, path)


VALUES = [pytest.param(kind, path, value, id=f'{kind}.{dotted(path)}={value}')
          for kind, (definition, _, _) in KINDS.items()
          for path, fact, marks in leaves(ARM['types'], definition) if not marks
          for value in fact.get('enum', [True, False] if fact.get('type') == 'boolean' else [])]


@pytest.mark.parametrize('kind, path, value', VALUES)
def test_every_value_of_an_enumeration_comes_back(kind, path, value):
    definition, shape, identity = KINDS[kind]
    sent = with_ids(full_body(ARM['types'], definition, skipped=('readOnly', 'writeOnly')), GROUP + '/{}/{}')
    if path == ('scaleSettings', 'manual', 'nodeDeallocationOption'):
        del sent['scaleSettings']['autoScale']
    put(sent, path, value)
    translated = translate(kind, check(f'{shape}_2018_03', {'location': 'e', 'properties': sent})['properties'])
    view = check(shape, {'properties': translated.properties})['properties']
    if kind == 'clusters' and 'nodeDeallocationOption' not in view['scaleSettings']['manual']:
        view['scaleSettings']['manual']['nodeDeallocationOption'] = 'requeue'  # the default that a cluster gets
    if kind == 'fileServers':
        view['mountSettings'] = {}
    shown = reply(kind, {'id': identity, 'name': 'x', 'properties': view}, Stored('e', {}, translated.extras))
    assert at(shown['properties'], path) == value


@pytest.mark.parametrize('kind', KINDS)
def test_a_reply_sent_back_says_the_same(kind):
    trip = TRIPS[kind]
    definition, shape, _ = KINDS[kind]
    body = {**trip.reply, 'properties': usual_spelling(trip.reply['properties'], '2018-03-01')}
    again = translate(kind, check(f'{shape}_2018_03', body)['properties'])
    assert again.extras == trip.translated.extras
    assert again.priority == trip.translated.priority
    expected, _ = take_secrets(trip.modern)
    expected.pop('caffe2Settings', None)
    assert again.properties == expected


@pytest.mark.parametrize('kind, collection', [('clusters', 'Clusters'), ('jobs', 'Jobs'),
                                              ('fileServers', 'FileServers')])
def test_a_reply_has_the_envelope_of_the_flat_versions(kind, collection):
    shown = {key: value for key, value in TRIPS[kind].reply.items() if key != 'properties'}
    segment = 'fileservers' if kind == 'fileServers' else kind
    assert shown == {'id': f'{GROUP}/{segment}/x', 'name': 'x', 'type': f'Microsoft.BatchAI/{collection}',
                     'location': 'eastus', 'tags': {'a': 'b'}}


# From 2018-05-01 to an older version and back: what that one has no word for, or never showed.
GONE = {
    '2018-03-01': {'caffe2Settings', 'customMpiSettings', 'horovodSettings', 'containerSettings.shmSize'},
    '2017-09-01-preview': {'caffe2Settings', 'customMpiSettings', 'horovodSettings', 'containerSettings.shmSize',
                           'mountVolumes', 'pyTorchSettings', 'secrets'},
}
MARKED = {'executionInfo', 'toolType'}  # set by the service: they come back in replies alone


def puppet_leaves():
    return [(path, fact) for path, fact, _ in leaves(PUPPET, 'JobProperties')]


@pytest.mark.parametrize('version', FLAT_VERSIONS)
@pytest.mark.parametrize('path', [pytest.param(path, id=dotted(path)) for path, _ in puppet_leaves()])
def test_a_property_of_2018_05_survives_an_older_version(version, path):
    view = with_ids(full_body(PUPPET, 'JobProperties'), EAST + '/{}/{}')
    view.update(SPECIAL)
    hidden, _ = take_secrets(view)
    shown = older_job({'id': KINDS['jobs'][2], 'name': 'x', 'properties': hidden}, Stored('eastus', {}, {}), version)
    if path[0] in MARKED:
        assert at(shown['properties'], path) == at(view, path)
        return
    ending = {'2018-03-01': '2018_03', '2017-09-01-preview': '2017_09'}[version]
    properties = modern_job(check(f'JOB_{ending}', shown)['properties'], 'eastus', lambda flat: None).properties
    is_gone = any(dotted(path) == gone or dotted(path).startswith((f'{gone}.', f'{gone}[')) for gone in GONE[version])
    expected = 'nothing' if is_gone or is_secret(path) else at(view, path)
    if path[-1] == 'id':  # ids compare without case
        assert at(properties, path, 'nothing').lower() == expected.lower()
    else:
        assert at(properties, path, 'nothing') == expected
