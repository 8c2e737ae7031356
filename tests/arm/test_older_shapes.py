"""The shapes of the flat API versions: that of 2018-03-01 against its published types, that of 2017 against it."""
import json
from pathlib import Path

import pytest

from azext_batchai.arm import older_shapes, shapes
from azext_batchai.arm.checking import ShapeError, check

FACTS = json.loads((Path(__file__).resolve().parents[1] / 'data' / 'arm-2018-03-01.json').read_text('utf-8'))
KINDS = {'CLUSTER': 'Microsoft.BatchAI/clusters', 'JOB': 'Microsoft.BatchAI/jobs',
         'FILE_SERVER': 'Microsoft.BatchAI/fileServers'}

TASK = {'commandLine': 'x', 'stdOutErrPathPrefix': 'x'}

# Where we differ on purpose: (path in our shape, what differs) -> why.
KNOWN_DIFFERENCES = {
    ('name', 'readOnly'): 'a request has it in its path; in its body it is ignored',
    ('properties', 'required'): 'a body without any properties cannot have the required ones',
    ('properties.outputDirectories[].type', 'enum'): 'several of them may be joined with commas',
}


def differences(ours, facts, path=''):
    """Every way in which an object of ours differs from the published one, as (path, kind)."""
    properties = ours['properties']
    for name in sorted(set(properties) ^ set(facts)):
        yield f'{path}{name}', 'missing' if name in facts else 'extra'
    for name in sorted(set(properties) & set(facts)):
        yield from _of_property(properties[name], facts[name], f'{path}{name}', name in ours['required'])


def _of_property(ours, fact, path, required):
    if bool(fact.get('readOnly')) != bool(ours.get('readOnly')):
        yield path, 'readOnly'
    if ours.get('readOnly'):
        return
    if required != bool(fact.get('required')):
        yield path, 'required'
    if 'items' in fact:
        yield from _of_property(ours['items'], fact['items'], f'{path}[]', False)
        return
    definition = FACTS['types'].get(fact.get('definition'))
    if definition is None or 'additionalProperties' in definition:
        if ours['type'] != fact.get('type', 'object'):
            yield path, 'type'
        if sorted(ours.get('enum', [])) != sorted(fact.get('enum', [])):
            yield path, 'enum'
        return
    # What is in something that is only written is marked too; we mark the outermost.
    marked = all(inner.get('writeOnly') for inner in definition.values())
    if marked != bool(ours.get('writeOnly')):
        yield path, 'writeOnly'
    yield from differences(ours, definition, f'{path}.')


@pytest.mark.parametrize('shape', KINDS)
def test_shape_of_2018_03_has_the_published_properties_types_and_marks(shape):
    found = set(differences(getattr(older_shapes, f'{shape}_2018_03'), FACTS['resources'][KINDS[shape]]))
    assert found - set(KNOWN_DIFFERENCES) == set()


def test_every_known_difference_still_is_one():
    found = {difference for shape, kind in KINDS.items()
             for difference in differences(getattr(older_shapes, f'{shape}_2018_03'), FACTS['resources'][kind])}
    assert set(KNOWN_DIFFERENCES) - found == set()


@pytest.mark.parametrize('shape, version, properties, path', [
    ('CLUSTER', '2018_03', {'nodeSetup': {'setupTask': {**TASK, 'runElevated': 'yes'}}},
     'properties.nodeSetup.setupTask.runElevated'),
    ('CLUSTER', '2017_09', {'nodeSetup': {'performanceCountersSettings': {}}},
     'properties.nodeSetup.performanceCountersSettings'),
    ('CLUSTER', '2017_09', {'nodeSetup': {'setupTask': {**TASK, 'secrets': []}}},
     'properties.nodeSetup.setupTask.secrets'),
    ('JOB', '2018_03', {'schedulingPriority': 'low'}, 'properties.schedulingPriority'),
    ('JOB', '2018_03', {'priority': 1001}, 'properties.priority'),
    ('JOB', '2018_03', {'horovodSettings': {}}, 'properties.horovodSettings'),
    ('JOB', '2018_03', {'outputDirectories': [{'id': 'A', 'pathPrefix': 'x', 'type': 'model,pictures'}]},
     'properties.outputDirectories[0].type'),
    ('JOB', '2018_03', {'constraints': {'maxTaskRetryCount': 1}}, 'properties.constraints.maxTaskRetryCount'),
    ('JOB', '2017_09', {'mountVolumes': {}}, 'properties.mountVolumes'),
    ('JOB', '2017_09', {'secrets': []}, 'properties.secrets'),
    ('JOB', '2017_09', {'pyTorchSettings': {}}, 'properties.pyTorchSettings'),
    ('JOB', '2017_09', {'tensorFlowSettings': {'pythonScriptFilePath': 'x'}},
     'properties.tensorFlowSettings.masterCommandLineArgs'),
    ('FILE_SERVER', '2018_03', {'dataDisks': {'diskSizeInGB': 1, 'diskCount': 1, 'storageAccountType': 'Standard_ZRS'}},
     'properties.dataDisks.storageAccountType'),
])
def test_what_a_version_does_not_know_is_refused_with_its_path(shape, version, properties, path):
    required = {'CLUSTER': {'vmSize': 'x', 'userAccountSettings': {'adminUserName': 'x'}},
                'JOB': {'cluster': {'id': 'x'}, 'nodeCount': 1, 'stdOutErrPathPrefix': 'x'},
                'FILE_SERVER': {'vmSize': 'x', 'sshConfiguration': {'userAccountSettings': {'adminUserName': 'x'}},
                                'dataDisks': {'diskSizeInGB': 1, 'diskCount': 1,
                                              'storageAccountType': 'Standard_LRS'}}}[shape]
    check(f'{shape}_{version}', {'location': 'eastus', 'properties': required})
    with pytest.raises(ShapeError) as caught:
        check(f'{shape}_{version}', {'location': 'eastus', 'properties': {**required, **properties}})
    assert caught.value.path == path


@pytest.mark.parametrize('kind', ['custom', 'Model', 'Model,Logs, Summary', ' logs '])
def test_output_kinds_may_be_joined_and_have_no_case(kind):
    check('JOB_2018_03', {'location': 'eastus', 'properties': {
        'cluster': {'id': 'x'}, 'nodeCount': 1, 'stdOutErrPathPrefix': 'x',
        'outputDirectories': [{'id': 'A', 'pathPrefix': 'x', 'type': kind}]}})


def test_the_shapes_of_2018_05_stay_as_they_are():
    assert 'schedulingPriority' in shapes.JOB_PROPERTIES['properties']
    assert 'runElevated' not in shapes.CLUSTER_PROPERTIES['properties']['nodeSetup']['properties']['setupTask'][
        'properties']


def test_a_location_is_required_and_may_not_be_left_out():
    with pytest.raises(ShapeError) as caught:
        check('CLUSTER_2018_03', {'properties': {'vmSize': 'x', 'userAccountSettings': {'adminUserName': 'x'}}})
    assert caught.value.path == 'location'
