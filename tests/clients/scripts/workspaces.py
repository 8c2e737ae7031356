"""azure-mgmt-batchai 2.0.0 and 7.0.0 (API 2018-05-01): workspace, experiment, cluster, jobs, files, and all deleted."""
import json

from azure.mgmt.batchai import models
from told import (
    ACCOUNT, COMMAND, ENDPOINT, GROUP, SUBSCRIPTION, TOKEN, WORK, contents, error_of, text, wait)

try:
    from azure.mgmt.batchai import BatchAI
except ImportError:
    from azure.mgmt.batchai import BatchAIManagementClient
    from msrest.authentication import BasicTokenAuthentication
    client = BatchAIManagementClient(BasicTokenAuthentication({'access_token': TOKEN}), SUBSCRIPTION, ENDPOINT)
    IN_THE_EAST = 'eastus'

    def scale_update(scale_settings):
        return {'scale_settings': scale_settings}
else:
    import time
    from azure.core.credentials import AccessToken

    class Credential:
        def get_token(self, *scopes, **options):
            return AccessToken(TOKEN, int(time.time()) + 3600)

    client = BatchAI(Credential(), SUBSCRIPTION, base_url=ENDPOINT)
    IN_THE_EAST = models.WorkspaceCreateParameters(location='eastus')

    def scale_update(scale_settings):
        return {'parameters': models.ClusterUpdateParameters(scale_settings=scale_settings)}

PLACE = (GROUP, 'space')
CLUSTER = (*PLACE, 'nodes')
EXPERIMENT = (*PLACE, 'trial')
JOB = (*EXPERIMENT, 'first')
LONG_JOB = (*EXPERIMENT, 'second')


def to_the_end(operations, verb, *arguments):
    """Start a long-running operation and wait for its end; the newer package calls the start `begin_...`."""
    return (getattr(operations, f'begin_{verb}', None) or getattr(operations, verb))(*arguments).result()


def job(command):
    return models.JobCreateParameters(
        cluster=models.ResourceId(id=client.clusters.get(*CLUSTER).id), node_count=1,
        std_out_err_path_prefix='$AZ_BATCHAI_MOUNT_ROOT/work',
        custom_toolkit_settings=models.CustomToolkitSettings(command_line=command),
        output_directories=[models.OutputDirectory(id='MODEL', path_prefix='$AZ_BATCHAI_MOUNT_ROOT/work')],
        environment_variables=[models.EnvironmentVariable(name='A', value='b')],
        secrets=[models.EnvironmentVariableWithSecretValue(name='S', value='shh')])


def files(directory):
    options = models.JobsListOutputFilesOptions(outputdirectoryid=directory)
    return contents(client.jobs.list_output_files(*JOB, options))


told = {'operations': sorted(operation.name for operation in client.operations.list())}
workspace = to_the_end(client.workspaces, 'create', *PLACE, IN_THE_EAST)
told['workspace'] = [workspace.name, workspace.location, text(workspace.provisioning_state)]
told['experiment'] = to_the_end(client.experiments, 'create', *EXPERIMENT).type
cluster = to_the_end(client.clusters, 'create', *CLUSTER, models.ClusterCreateParameters(
    vm_size='STANDARD_D1', user_account_settings=models.UserAccountSettings(**ACCOUNT),
    scale_settings=models.ScaleSettings(manual=models.ManualScaleSettings(target_node_count=1)),
    node_setup=models.NodeSetup(mount_volumes=models.MountVolumes(unmanaged_file_systems=[
        models.UnmanagedFileSystemReference(mount_command=f'mount --bind {WORK}', relative_mount_path='work')]))))
told['cluster'] = [cluster.name, cluster.vm_size, text(cluster.vm_priority), text(cluster.provisioning_state)]
cluster = wait(lambda: client.clusters.get(*CLUSTER), lambda seen: seen.node_state_counts.idle_node_count == 1)
told['nodes'] = [int(node.port) > 0 for node in client.clusters.list_remote_login_information(*CLUSTER)]

server = to_the_end(client.file_servers, 'create', *PLACE, 'server', models.FileServerCreateParameters(
    vm_size='STANDARD_D1',
    ssh_configuration=models.SshConfiguration(user_account_settings=models.UserAccountSettings(**ACCOUNT)),
    data_disks=models.DataDisks(disk_size_in_gb=10, disk_count=2, storage_account_type='Standard_LRS')))
told['file server'] = [server.name, server.data_disks.disk_size_in_gb, text(server.data_disks.caching_type)]
told['file servers'] = [each.name for each in client.file_servers.list_by_workspace(*PLACE)]

to_the_end(client.jobs, 'create', *JOB, job(COMMAND))
ended = wait(lambda: client.jobs.get(*JOB), lambda seen: text(seen.execution_state) in ('succeeded', 'failed'))
told['job'] = [text(ended.execution_state), ended.execution_info.exit_code, text(ended.tool_type),
               text(ended.scheduling_priority), [variable.value for variable in ended.environment_variables],
               [secret.value for secret in ended.secrets]]
told['logs'] = files('stdouterr')
told['outputs'] = files('MODEL')

to_the_end(client.jobs, 'create', *LONG_JOB, job('sleep 600'))
wait(lambda: client.jobs.get(*LONG_JOB), lambda seen: text(seen.execution_state) == 'running')
to_the_end(client.jobs, 'terminate', *LONG_JOB)
ended = wait(lambda: client.jobs.get(*LONG_JOB), lambda seen: text(seen.execution_state) == 'failed')
told['terminated'] = [error.code for error in ended.execution_info.errors]
told['jobs'] = sorted(each.name for each in client.jobs.list_by_experiment(*EXPERIMENT))

resized = client.clusters.update(*CLUSTER, **scale_update(models.ScaleSettings(
    manual=models.ManualScaleSettings(target_node_count=0))))
told['resized to'] = resized.scale_settings.manual.target_node_count
told['usages'] = [usage.name.value for usage in client.usages.list('eastus')][:1]
for operations, path in ((client.jobs, JOB), (client.jobs, LONG_JOB), (client.clusters, CLUSTER),
                         (client.experiments, EXPERIMENT), (client.workspaces, PLACE)):
    to_the_end(operations, 'delete', *path)
told['gone'] = [error_of(lambda: client.workspaces.get(*PLACE)), error_of(lambda: client.jobs.get(*JOB))]
print(json.dumps(told))
