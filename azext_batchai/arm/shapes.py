"""The request bodies of API 2018-05-01 as JSON Schema, for the command line and the service alike.

Facts from the OpenAPI document of that version. Rules that span properties (min against max, one toolkit only) are
not here: a schema states them badly. ``readOnly`` properties are listed, so that a body read from the service can be
sent back; `arm.checking` drops them.
"""
from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {'type': 'string'}
NAME: Schema = {'type': 'string', 'minLength': 1}
COUNT: Schema = {'type': 'integer', 'minimum': 0, 'maximum': 2**31 - 1}
POSITIVE: Schema = {'type': 'integer', 'minimum': 1, 'maximum': 2**31 - 1}
READ_ONLY: Schema = {'readOnly': True}
ENVIRONMENT_NAME: Schema = {'type': 'string', 'pattern': r'^[A-Za-z_][A-Za-z0-9_]*$',
                            'description': 'letters, digits and _, not starting with a digit'}
DIRECTORY_ID: Schema = {'type': 'string', 'pattern': r'^[A-Za-z0-9_]{1,128}$',
                        'description': 'letters, digits and _, because it becomes part of a variable name'}
RELATIVE_PATH: Schema = {'type': 'string', 'pattern': r'^(?!/)(?!([^/]*/)*\.\.(/|$))[^\x00-\x1f\x7f]+$',
                         'description': 'a path below the mount root, without .. and control characters'}
OPTIONAL_RELATIVE_PATH: Schema = {'type': 'string', 'pattern': r'^(?!/)(?!([^/]*/)*\.\.(/|$))[^\x00-\x1f\x7f]*$',
                                  'description': 'a relative path without .. and control characters'}

# Properties whose value no reply, log or message may show; of the items of `secrets` it is `value`.
SECRET_KEYS = frozenset({'adminUserPassword', 'accountKey', 'instrumentationKey', 'password'})


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {'type': 'object', 'properties': properties, 'required': list(required), 'additionalProperties': False}


def _list_of(item: Schema) -> Schema:
    return {'type': 'array', 'items': item}


def _one_of(*values: str) -> Schema:
    return {'type': 'string', 'enum': list(values)}


RESOURCE_ID = _object(('id',), id=NAME)
SECRET_REFERENCE = _object(('sourceVault', 'secretUrl'), sourceVault=RESOURCE_ID, secretUrl=NAME)
ENVIRONMENT_VARIABLE = _object(('name', 'value'), name=ENVIRONMENT_NAME, value=TEXT)
SECRET_VARIABLE = _object(('name',), name=ENVIRONMENT_NAME, value=TEXT, valueSecretReference=SECRET_REFERENCE)
STORAGE_CREDENTIALS = _object(accountKey=TEXT, accountKeySecretReference=SECRET_REFERENCE)

MOUNT_VOLUMES = _object(
    azureFileShares=_list_of(_object(
        ('accountName', 'azureFileUrl', 'credentials', 'relativeMountPath'),
        accountName=NAME, azureFileUrl=NAME, credentials=STORAGE_CREDENTIALS, relativeMountPath=RELATIVE_PATH,
        fileMode=TEXT, directoryMode=TEXT)),
    azureBlobFileSystems=_list_of(_object(
        ('accountName', 'containerName', 'credentials', 'relativeMountPath'),
        accountName=NAME, containerName=NAME, credentials=STORAGE_CREDENTIALS, relativeMountPath=RELATIVE_PATH,
        mountOptions=TEXT)),
    fileServers=_list_of(_object(
        ('fileServer', 'relativeMountPath'),
        fileServer=RESOURCE_ID, relativeMountPath=RELATIVE_PATH, sourceDirectory=TEXT, mountOptions=TEXT)),
    unmanagedFileSystems=_list_of(_object(
        ('mountCommand', 'relativeMountPath'), mountCommand=NAME, relativeMountPath=RELATIVE_PATH)),
)

SCALE_SETTINGS = _object(
    manual=_object(('targetNodeCount',), targetNodeCount=COUNT,
                   nodeDeallocationOption=_one_of('requeue', 'terminate', 'waitforjobcompletion')),
    autoScale=_object(('minimumNodeCount', 'maximumNodeCount'),
                      minimumNodeCount=COUNT, maximumNodeCount=COUNT, initialNodeCount=COUNT),
)

USER_ACCOUNT = _object(('adminUserName',), adminUserName=NAME, adminUserPassword=TEXT, adminUserSshPublicKey=TEXT)

CLUSTER_PROPERTIES = _object(
    ('vmSize', 'userAccountSettings'),
    vmSize=NAME,
    vmPriority=_one_of('dedicated', 'lowpriority'),
    scaleSettings=SCALE_SETTINGS,
    virtualMachineConfiguration=_object(imageReference=_object(
        ('publisher', 'offer', 'sku'),
        publisher=NAME, offer=NAME, sku=NAME, version=TEXT, virtualMachineImageId=TEXT)),
    nodeSetup=_object(
        setupTask=_object(
            ('commandLine', 'stdOutErrPathPrefix'),
            commandLine=NAME, environmentVariables=_list_of(ENVIRONMENT_VARIABLE), secrets=_list_of(SECRET_VARIABLE),
            stdOutErrPathPrefix=NAME, stdOutErrPathSuffix=READ_ONLY),
        mountVolumes=MOUNT_VOLUMES,
        performanceCountersSettings=_object(('appInsightsReference',), appInsightsReference=_object(
            ('component',), component=RESOURCE_ID, instrumentationKey=TEXT,
            instrumentationKeySecretReference=SECRET_REFERENCE))),
    userAccountSettings=USER_ACCOUNT,
    subnet=RESOURCE_ID,
    allocationState=READ_ONLY, allocationStateTransitionTime=READ_ONLY, creationTime=READ_ONLY,
    currentNodeCount=READ_ONLY, errors=READ_ONLY, nodeStateCounts=READ_ONLY, provisioningState=READ_ONLY,
    provisioningStateTransitionTime=READ_ONLY,
)


def _script(required: tuple[str, ...] = ('pythonScriptFilePath',), **more: Schema) -> Schema:
    """A toolkit that starts a Python script."""
    return _object(required, pythonScriptFilePath=NAME, pythonInterpreterPath=TEXT, commandLineArgs=TEXT, **more)


JOB_PROPERTIES = _object(
    ('cluster', 'nodeCount', 'stdOutErrPathPrefix'),
    cluster=RESOURCE_ID,
    nodeCount=POSITIVE,
    stdOutErrPathPrefix=NAME,
    schedulingPriority=_one_of('low', 'normal', 'high'),
    mountVolumes=MOUNT_VOLUMES,
    containerSettings=_object(
        ('imageSourceRegistry',),
        imageSourceRegistry=_object(
            ('image',), image=NAME, serverUrl=TEXT,
            credentials=_object(('username',), username=NAME, password=TEXT,
                                passwordSecretReference=SECRET_REFERENCE)),
        shmSize=TEXT),
    cntkSettings=_script((), languageType=TEXT, configFilePath=TEXT, processCount=POSITIVE),
    pyTorchSettings=_script(processCount=POSITIVE, communicationBackend=TEXT),
    tensorFlowSettings=_object(
        ('pythonScriptFilePath',),
        pythonScriptFilePath=NAME, pythonInterpreterPath=TEXT, masterCommandLineArgs=TEXT, workerCommandLineArgs=TEXT,
        parameterServerCommandLineArgs=TEXT, workerCount=POSITIVE, parameterServerCount=COUNT),
    caffeSettings=_script((), configFilePath=TEXT, processCount=POSITIVE),
    caffe2Settings=_script(),
    chainerSettings=_script(processCount=POSITIVE),
    customToolkitSettings=_object(commandLine=TEXT),
    customMpiSettings=_object(('commandLine',), commandLine=NAME, processCount=POSITIVE),
    horovodSettings=_script(processCount=POSITIVE),
    jobPreparation=_object(('commandLine',), commandLine=NAME),
    inputDirectories=_list_of(_object(('id', 'path'), id=DIRECTORY_ID, path=NAME)),
    outputDirectories=_list_of(_object(
        ('id', 'pathPrefix'), id=DIRECTORY_ID, pathPrefix=NAME, pathSuffix=OPTIONAL_RELATIVE_PATH)),
    environmentVariables=_list_of(ENVIRONMENT_VARIABLE),
    secrets=_list_of(SECRET_VARIABLE),
    constraints=_object(maxWallClockTime=TEXT),
    creationTime=READ_ONLY, executionInfo=READ_ONLY, executionState=READ_ONLY, executionStateTransitionTime=READ_ONLY,
    experimentName=READ_ONLY, jobOutputDirectoryPathSegment=READ_ONLY, provisioningState=READ_ONLY,
    provisioningStateTransitionTime=READ_ONLY, toolType=READ_ONLY,
)

FILE_SERVER_PROPERTIES = _object(
    ('vmSize', 'sshConfiguration', 'dataDisks'),
    vmSize=NAME,
    sshConfiguration=_object(('userAccountSettings',), userAccountSettings=USER_ACCOUNT,
                             publicIPsToAllow=_list_of(TEXT)),
    dataDisks=_object(
        ('diskSizeInGB', 'diskCount', 'storageAccountType'),
        diskSizeInGB=POSITIVE, diskCount=POSITIVE, cachingType=_one_of('none', 'readonly', 'readwrite'),
        # The last three were published for API 2017-09-01-preview.
        storageAccountType=_one_of('Standard_LRS', 'Premium_LRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_ZRS')),
    subnet=RESOURCE_ID,
    creationTime=READ_ONLY, mountSettings=READ_ONLY, provisioningState=READ_ONLY,
    provisioningStateTransitionTime=READ_ONLY,
)

TAGS: Schema = {'type': 'object', 'additionalProperties': {'type': 'string'}}

WORKSPACE = _object(('location',), location=NAME, tags=TAGS, id=READ_ONLY, name=READ_ONLY, type=READ_ONLY,
                    properties=READ_ONLY)


def _body(properties: Schema) -> Schema:
    return _object(('properties',), properties=properties, id=READ_ONLY, name=READ_ONLY, type=READ_ONLY)


CLUSTER = _body(CLUSTER_PROPERTIES)
CLUSTER_UPDATE = _object(properties=_object(scaleSettings=SCALE_SETTINGS), id=READ_ONLY, name=READ_ONLY, type=READ_ONLY)
JOB = _body(JOB_PROPERTIES)
FILE_SERVER = _body(FILE_SERVER_PROPERTIES)
