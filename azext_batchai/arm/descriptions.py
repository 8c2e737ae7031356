"""One sentence or two on every property of `arm.shapes`, for the JSON Schemas that editors show.

A key is the end of a property's path, as long as it has to be to name it alone: ``accountName`` is the same
everywhere, ``setupTask.commandLine`` is not that of a job. The items of a list have no place in the path.
"""
from __future__ import annotations

# Properties of the published configuration files of 2017-09 and 2018-03 that API 2018-05-01 no longer has.
OLDER = 'Older dialects (2017-09, 2018-03)'

READ_ONLY = 'Set by the service; ignored in a configuration file.'

DESCRIPTIONS = {
    # The file itself
    '$schema': 'Where the JSON Schema of this file is, for editors; the commands ignore it.',
    'location': f'{OLDER}: the region, for example eastus. It decides the workspace when the command line names '
                'neither a workspace nor a location.',
    'tags': f'{OLDER}: names and values. Accepted with a warning and not kept: only workspaces have tags now.',
    'cluster.properties': 'What the cluster is. The same keys may also stand at the top of the file, without this '
                          'wrapper. Options of the command line win over them.',
    'job.properties': 'What the job is. The same keys may also stand at the top of the file, without this wrapper. '
                      'Options of the command line win over them.',
    'nfs.properties': 'What the file server is. The same keys may also stand at the top of the file, without this '
                      'wrapper. Options of the command line win over them.',

    # Cluster
    'vmSize': 'Size of the virtual machines, for example Standard_NC6; the case of letters does not matter. '
              'Option: --vm-size/-s.',
    'vmPriority': 'dedicated (default), or lowpriority: cheaper machines that Azure may take away, after which their '
                  'jobs are queued again. Option: --vm-priority.',
    'scaleSettings': 'How many nodes the cluster has: either manual or autoScale. '
                     'Options: --target, or --min and --max.',
    'manual': 'A fixed number of nodes, changed only by a resize.',
    'targetNodeCount': 'Nodes the cluster should have, 0 to 100.',
    'nodeDeallocationOption': 'What becomes of running jobs when nodes are taken away: requeue (default) stops them '
                              'and queues them again, terminate stops them for good, waitforjobcompletion lets them '
                              'end first. Older dialects had unknown, which is the same as nothing.',
    'autoScale': 'A range of nodes; the service moves in it with the jobs that are queued and running.',
    'minimumNodeCount': 'Nodes that stay when nothing runs.',
    'maximumNodeCount': 'Nodes at most, up to 100. A job that needs more is refused.',
    'initialNodeCount': 'Nodes to begin with, between minimum and maximum. Default: 0. Used only at creation.',
    'virtualMachineConfiguration': 'What the nodes boot.',
    'imageReference': 'The image of the nodes. Default: Ubuntu Server 16.04 LTS of Canonical. Option: --image.',
    'publisher': 'Publisher of the image, for example Canonical or microsoft-ads.',
    'offer': 'Offer of the publisher, for example UbuntuServer.',
    'sku': 'Variant of the offer, for example 16.04-LTS.',
    'version': 'Version of the image. Default: latest.',
    'virtualMachineImageId': 'Resource id of an image of your own (Microsoft.Compute/images), made from the one that '
                             'publisher, offer and sku name; same region and subscription as the cluster.',
    'nodeSetup': 'What happens on every node before jobs run there: file systems are mounted, then the set-up task '
                 'runs.',
    'setupTask': 'A command for every node, after it was added or restarted; it may run more than once. A node on '
                 'which it fails becomes unusable.',
    'setupTask.commandLine': 'The command line; runs in bash as administrator. Option: --setup-task.',
    'setupTask.environmentVariables': 'Variables of the set-up task.',
    'setupTask.secrets': 'Variables of the set-up task whose values are never shown again.',
    'setupTask.stdOutErrPathPrefix': 'Folder below which the output of the set-up task goes, for example '
                                     '$AZ_BATCHAI_MOUNT_ROOT/afs. Option: --setup-task-output.',
    'setupTask.runElevated': f'{OLDER}: whether the set-up task runs as administrator. It always does now.',
    'performanceCountersSettings': 'Performance counters of the nodes, sent to Application Insights.',
    'appInsightsReference': 'The Application Insights component that receives the counters.',
    'component': 'The component, by its resource id.',
    'instrumentationKey': 'Key of the component; give this or instrumentationKeySecretReference. Never shown again.',
    'instrumentationKeySecretReference': 'Where in a key vault the instrumentation key is kept.',
    'userAccountSettings': 'The administrator of the machines: a name, with a password or an SSH key.',
    'adminUserName': 'Name of the administrator; admin is taken. Default: your own. Option: --user-name/-u.',
    'adminUserPassword': 'Password of the administrator. Never shown again. Option: --password/-p.',
    'adminUserSshPublicKey': 'SSH public key of the administrator, as text (ssh-rsa AAAA...). Option: --ssh-key/-k.',
    'subnet': 'The subnet of a virtual network that the machines join, by its resource id. Option: --subnet.',

    # Mounts of clusters and jobs
    'mountVolumes': 'File systems to mount: those of a cluster below $AZ_BATCHAI_MOUNT_ROOT, those of a job below '
                    '$AZ_BATCHAI_JOB_MOUNT_ROOT while it runs.',
    'azureFileShares': 'Azure file shares.',
    'accountName': 'Name of the storage account. <AZURE_BATCHAI_STORAGE_ACCOUNT> stands for that of '
                   '--storage-account-name or of the environment variable with this name. For a share it may be left '
                   'out: azureFileUrl names it.',
    'azureFileUrl': 'Address of the share: https://<account>.file.core.windows.net/<share>.',
    'azureFileShares.relativeMountPath': 'Folder below the mount root where the share appears, for example afs.',
    'fileMode': 'Permissions of files on the share, in octal. Default: 0777.',
    'directoryMode': 'Permissions of folders on the share, in octal. Default: 0777.',
    'azureBlobFileSystems': 'Azure blob containers.',
    'containerName': 'Name of the container.',
    'azureBlobFileSystems.relativeMountPath': 'Folder below the mount root where the container appears, for example '
                                              'bfs.',
    'azureBlobFileSystems.mountOptions': 'Options of blobfuse. Default: https, 128 KiB reads and writes, cached names.',
    'mountVolumes.fileServers': 'File servers made with az batchai file-server create.',
    'fileServer': 'The file server, by its resource id.',
    'fileServers.relativeMountPath': 'Folder below the mount root where the file server appears, for example nfs.',
    'sourceDirectory': 'Folder of the file server to mount. Default: all of it.',
    'fileServers.mountOptions': 'Options of the mount command, for example rw.',
    'unmanagedFileSystems': 'Any other file system, by the command that mounts it.',
    'mountCommand': 'The mount command without its last argument: the folder to mount at is added to it.',
    'unmanagedFileSystems.relativeMountPath': 'Folder below the mount root where the file system appears.',
    'azureFileShares.credentials': 'How to get into the storage account; may be left out.',
    'azureBlobFileSystems.credentials': 'How to get into the storage account; may be left out.',
    'credentialsInfo': f'{OLDER}: what is called credentials now.',
    'accountKey': 'Key of the storage account; give this or accountKeySecretReference. <AZURE_BATCHAI_STORAGE_KEY> '
                  'stands for that of --storage-account-key or of the environment variable with this name. Never '
                  'shown again.',
    'accountKeySecretReference': 'Where in a key vault the key of the storage account is kept.',

    # Job
    'job.cluster': 'The cluster that runs the job. Option: --cluster with its name or resource id.',
    'nodeCount': 'Nodes the job needs, all at the same time. On each of them it is the only job.',
    'job.stdOutErrPathPrefix': 'Folder below which the logs go, for example $AZ_BATCHAI_MOUNT_ROOT/afs. They are in '
                               '<prefix>/<jobOutputDirectoryPathSegment>/stdouterr.',
    'schedulingPriority': 'low, normal (default) or high. Within one priority the older job goes first.',
    'job.priority': f'{OLDER}: -1000 to 1000, higher first; default 0. Becomes schedulingPriority: low below 0, high '
                    'above.',
    'job.experimentName': f'{OLDER}: a label. Accepted and not kept: the experiment is named by --experiment/-e.',
    'containerSettings': 'Run the job in a Docker container instead of on the node itself.',
    'imageSourceRegistry': 'Where the image of the container comes from.',
    'imageSourceRegistry.image': 'Name of the image, for example tensorflow/tensorflow:1.8.0-gpu; with its registry in '
                                 'front if that is private.',
    'serverUrl': 'Address of the registry. Default: Docker Hub.',
    'imageSourceRegistry.credentials': 'How to get into a private registry.',
    'username': 'User name in the registry.',
    'credentials.password': 'Password in the registry; give this or passwordSecretReference. Never shown again.',
    'passwordSecretReference': 'Where in a key vault the password is kept.',
    'shmSize': 'Size of /dev/shm in the container as docker writes it, for example 16gb.',
    'cntkSettings': 'Train with CNTK. A job has exactly one of the ...Settings of a framework.',
    'cntkSettings.languageType': 'BrainScript or Python. Default: Python when there is a pythonScriptFilePath.',
    'cntkSettings.configFilePath': 'The BrainScript configuration to run.',
    'pyTorchSettings': 'Train with PyTorch. A job has exactly one of the ...Settings of a framework.',
    'communicationBackend': 'TCP, Gloo or MPI; only for more than one process. Default: gloo.',
    'tensorFlowSettings': 'Train with TensorFlow. A job has exactly one of the ...Settings of a framework.',
    'masterCommandLineArgs': 'Arguments of the script for the first worker.',
    'workerCommandLineArgs': 'Arguments of the script for the other workers.',
    'parameterServerCommandLineArgs': 'Arguments of the script for the parameter servers.',
    'workerCount': 'Workers, at most 256 a node. Default: nodeCount.',
    'parameterServerCount': 'Parameter servers, at most nodeCount; 0 for none. Default: 1 when the training is '
                            'distributed.',
    'caffeSettings': 'Train with Caffe, from configFilePath or pythonScriptFilePath. A job has exactly one of the '
                     '...Settings of a framework.',
    'caffeSettings.configFilePath': 'The solver configuration to train with; not beside pythonScriptFilePath.',
    'caffe2Settings': 'Train with Caffe2, one process on each node. A job has exactly one of the ...Settings of a '
                      'framework.',
    'chainerSettings': 'Train with Chainer, over MPI. A job has exactly one of the ...Settings of a framework.',
    'customToolkitSettings': 'Run any command, on the first node. A job has exactly one of the ...Settings of a '
                             'framework.',
    'customToolkitSettings.commandLine': 'The command line; the host file $AZ_BATCHAI_MPI_HOST_FILE names the other '
                                         'nodes.',
    'customMpiSettings': 'Run any command over MPI. A job has exactly one of the ...Settings of a framework.',
    'customMpiSettings.commandLine': 'The command line of each process, without mpirun.',
    'horovodSettings': 'Train with Horovod, over MPI. A job has exactly one of the ...Settings of a framework.',
    'pythonScriptFilePath': 'The Python script to run, for example $AZ_BATCHAI_INPUT_SCRIPT/train.py.',
    'pythonInterpreterPath': 'The Python to run it with. Default: python, or python3 where there is no python.',
    'commandLineArgs': 'Arguments, as one line that a shell takes apart.',
    'processCount': 'Processes over all nodes. Default: nodeCount, one on each.',
    'jobPreparation': 'A command for every node of the job, before the job itself and in the same container.',
    'jobPreparation.commandLine': 'The command line. When it fails on any node the job fails.',
    'inputDirectories': 'Folders the job reads, each under a variable of its own.',
    'inputDirectories.id': 'Names the variable AZ_BATCHAI_INPUT_<id>: letters, digits and _.',
    'inputDirectories.path': 'The folder, for example $AZ_BATCHAI_MOUNT_ROOT/afs/data.',
    'outputDirectories': 'Folders made for the job to write to, each under a variable of its own.',
    'outputDirectories.id': 'Names the variable AZ_BATCHAI_OUTPUT_<id>: letters, digits and _. Also what --output-'
                            'directory-id/-d takes when files are listed or downloaded.',
    'pathPrefix': 'Folder below which the output directory is made, for example $AZ_BATCHAI_MOUNT_ROOT/afs.',
    'pathSuffix': 'Path of the output directory below <prefix>/<jobOutputDirectoryPathSegment>/outputs, for example '
                  'models.',
    'outputDirectories.type': f'{OLDER}: model, logs, summary or custom; a label, not kept.',
    'createNew': f'{OLDER}: whether the folder is made before the job runs. It always is now.',
    'job.environmentVariables': 'Variables of the job and of its preparation. $AZ_BATCHAI_... in a value is replaced.',
    'job.secrets': 'Variables of the job and of its preparation whose values are never shown again.',
    'constraints': 'Limits of the job.',
    'maxTaskRetryCount': f'{OLDER}: accepted and not kept.',
    'maxRetryCount': f'{OLDER}: accepted and not kept.',
    'maxWallClockTime': 'How long the job may run: P1D, PT90M or 1.00:00:00. Default and most: 7 days.',

    # Variables and key vaults
    'environmentVariables.name': 'Name of the variable: letters, digits and _.',
    'environmentVariables.value': 'Its value.',
    'secrets.name': 'Name of the variable: letters, digits and _.',
    'secrets.value': 'Its value; give this or valueSecretReference. Never shown again.',
    'valueSecretReference': 'Where in a key vault the value is kept.',
    'sourceVault': 'The key vault, by its resource id.',
    'secretUrl': 'Address of the secret in the vault.',

    # File server
    'sshConfiguration': 'Who may log in to the file server.',
    'publicIPsToAllow': 'Addresses that may use SSH, as ranges such as 203.0.113.0/24, at most 400. Default: all.',
    'dataDisks': 'The disks of the file server. Several are joined to one volume (RAID 0).',
    'diskSizeInGB': 'Size of each disk in GB. Option: --disk-size.',
    'diskCount': 'Number of disks. Option: --disk-count.',
    'cachingType': 'none (default), readonly or readwrite. Option: --caching-type.',
    'fileSystemType': f'{OLDER}: accepted and not kept.',
    'raidLevel': f'{OLDER}: accepted and not kept.',
    'storageAccountType': 'Kind of disk: Premium_LRS (default) or Standard_LRS; the others were published for 2017-09. '
                          'Option: --storage-sku.',

    # Anything that is named by its id
    'id': 'The resource id: /subscriptions/<subscription>/resourceGroups/<group>/providers/...',
}


def description_of(path: str) -> str:
    """The words for the property at `path` (``job.inputDirectories.id``). Raises KeyError when there are none."""
    end = path
    while end not in DESCRIPTIONS:
        _, dot, end = end.partition('.')
        if not dot:
            raise KeyError(path)
    return DESCRIPTIONS[end]
