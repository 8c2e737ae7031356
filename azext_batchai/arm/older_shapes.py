"""The request bodies of the flat API versions as JSON Schema: those of 2018-05-01 with what was different then.

Facts from the ARM types of 2018-03-01, and from the published Python clients of both versions. ``readOnly`` as in
`arm.shapes`; ``writeOnly`` properties are accepted and in no reply.
"""
from __future__ import annotations

from azext_batchai.arm import shapes
from azext_batchai.arm.shapes import Schema

_BOOLEAN: Schema = {'type': 'boolean'}
_NUMBER: Schema = {'type': 'integer'}
_PRIORITY: Schema = {'type': 'integer', 'minimum': -1000, 'maximum': 1000}
_KIND = '(custom|logs|model|summary)'
_OUTPUT_KINDS: Schema = {'type': 'string', 'pattern': rf'^(?i:\s*{_KIND}\s*(,\s*{_KIND}\s*)*)$',
                         'description': 'custom, logs, model or summary, or several of them with commas'}
# Its value could be left out in 2017.
_SETTING: Schema = {'type': 'array', 'items': {**shapes.ENVIRONMENT_VARIABLE, 'required': ['name']}}


def _changed(shape: Schema, changes: dict[str, Schema | None]) -> Schema:
    """A copy of `shape` with the properties at these dotted paths added or replaced, or taken out where it says None.

    The items of a list have no step of their own in a path.
    """
    if 'items' in shape:
        return {**shape, 'items': _changed(shape['items'], changes)}
    properties: dict[str, Schema] = dict(shape['properties'])
    deeper: dict[str, dict[str, Schema | None]] = {}
    for path, change in changes.items():
        key, _, rest = path.partition('.')
        if rest:
            deeper.setdefault(key, {})[rest] = change
        elif change is None:
            del properties[key]
        else:
            properties[key] = change
    for key, inner in deeper.items():
        properties[key] = _changed(properties[key], inner)
    return {**shape, 'properties': properties, 'required': [key for key in shape['required'] if key in properties]}


def _one_of(*values: str) -> Schema:
    return {'type': 'string', 'enum': list(values)}


_CLUSTER_2018 = _changed(shapes.CLUSTER_PROPERTIES, {
    'scaleSettings.manual.nodeDeallocationOption': _one_of('requeue', 'terminate', 'unknown', 'waitforjobcompletion'),
    'nodeSetup.setupTask.runElevated': _BOOLEAN})
_JOB_2018 = _changed(shapes.JOB_PROPERTIES, {
    'schedulingPriority': None, 'priority': _PRIORITY, 'experimentName': shapes.TEXT,
    'customMpiSettings': None, 'horovodSettings': None, 'containerSettings.shmSize': None,
    'caffe2Settings': {**shapes.JOB_PROPERTIES['properties']['caffe2Settings'], 'writeOnly': True},
    'outputDirectories.type': _OUTPUT_KINDS, 'outputDirectories.createNew': _BOOLEAN})
_FILE_SERVER_2018 = _changed(shapes.FILE_SERVER_PROPERTIES, {
    'dataDisks.storageAccountType': _one_of('Standard_LRS', 'Premium_LRS')})

_CLUSTER_2017 = _changed(_CLUSTER_2018, {
    'virtualMachineConfiguration.imageReference.virtualMachineImageId': None,
    'nodeSetup.performanceCountersSettings': None, 'nodeSetup.setupTask.secrets': None,
    'nodeSetup.setupTask.stdOutErrPathSuffix': None, 'nodeSetup.setupTask.environmentVariables': _SETTING})
_TENSORFLOW: Schema = shapes.JOB_PROPERTIES['properties']['tensorFlowSettings']
_JOB_2017 = _changed(_JOB_2018, {
    'mountVolumes': None, 'secrets': None, 'pyTorchSettings': None, 'jobOutputDirectoryPathSegment': None,
    'environmentVariables': _SETTING,
    'tensorFlowSettings': {**_TENSORFLOW, 'required': [*_TENSORFLOW['required'], 'masterCommandLineArgs']},
    # Of the first weeks; nothing was ever tried again.
    'constraints.maxTaskRetryCount': {**_NUMBER, 'writeOnly': True},
    'constraints.maxRetryCount': {**_NUMBER, 'writeOnly': True}})
_FILE_SERVER_2017 = _changed(_FILE_SERVER_2018, {
    'dataDisks.storageAccountType': shapes.FILE_SERVER_PROPERTIES['properties']['dataDisks']['properties'][
        'storageAccountType'],
    # Shown, never chosen.
    'dataDisks.cachingType': shapes.READ_ONLY, 'dataDisks.fileSystemType': shapes.READ_ONLY,
    'dataDisks.raidLevel': shapes.READ_ONLY})


def _body(properties: Schema) -> Schema:
    known = {'location': shapes.NAME, 'tags': shapes.TAGS, 'properties': properties, 'id': shapes.READ_ONLY,
             'name': shapes.READ_ONLY, 'type': shapes.READ_ONLY, 'apiVersion': shapes.READ_ONLY}
    return {'type': 'object', 'properties': known, 'required': ['location', 'properties'],
            'additionalProperties': False}


def _update(**properties: Schema) -> Schema:
    inner = {'type': 'object', 'properties': properties, 'required': [], 'additionalProperties': False}
    return {**_changed(_body(inner), {'location': shapes.READ_ONLY}), 'required': []}


CLUSTER_2018_03 = _body(_CLUSTER_2018)
CLUSTER_UPDATE_2018_03 = _update(scaleSettings=_CLUSTER_2018['properties']['scaleSettings'])
JOB_2018_03 = _body(_JOB_2018)
FILE_SERVER_2018_03 = _body(_FILE_SERVER_2018)
CLUSTER_2017_09 = _body(_CLUSTER_2017)
CLUSTER_UPDATE_2017_09 = CLUSTER_UPDATE_2018_03
JOB_2017_09 = _body(_JOB_2017)
FILE_SERVER_2017_09 = _body(_FILE_SERVER_2017)

# Of what nothing else can be changed.
TAGS_UPDATE_2018_03 = _update()
TAGS_UPDATE_2017_09 = TAGS_UPDATE_2018_03
