"""azure-mgmt-batchai 0.2.0 (API 2017-09-01-preview) and 1.0.1 (2018-03-01): cluster, jobs, files, and all deleted."""
import json

from azure.mgmt.batchai import BatchAIManagementClient, models
from msrest.authentication import BasicTokenAuthentication
from told import (
    ACCOUNT, COMMAND, ENDPOINT, GROUP, SUBSCRIPTION, TOKEN, WORK, contents, error_of, text, wait)

client = BatchAIManagementClient(BasicTokenAuthentication({'access_token': TOKEN}), SUBSCRIPTION, ENDPOINT)
CLUSTER, JOB, LONG_JOB = (GROUP, 'nodes'), (GROUP, 'first'), (GROUP, 'second')


def job(command):
    return models.JobCreateParameters(
        location='eastus', cluster=models.ResourceId(id=client.clusters.get(*CLUSTER).id), node_count=1, priority=7,
        std_out_err_path_prefix='$AZ_BATCHAI_MOUNT_ROOT/work', tags={'made': 'by hand'}, experiment_name='free text',
        custom_toolkit_settings=models.CustomToolkitSettings(command_line=command),
        output_directories=[models.OutputDirectory(id='MODEL', path_prefix='$AZ_BATCHAI_MOUNT_ROOT/work', type='model',
                                                   create_new=True)],
        environment_variables=[variable_class(name='A', value='b')])


def files(directory):
    options = models.JobsListOutputFilesOptions(outputdirectoryid=directory)
    return contents(client.jobs.list_output_files(*JOB, options))


variable_class = getattr(models, 'EnvironmentVariable', None) or models.EnvironmentSetting
told = {'operations': sorted(operation.name for operation in client.operations.list())}
cluster = client.clusters.create(*CLUSTER, models.ClusterCreateParameters(
    location='eastus', tags={'kind': 'small'}, vm_size='STANDARD_D1',
    user_account_settings=models.UserAccountSettings(**ACCOUNT),
    scale_settings=models.ScaleSettings(manual=models.ManualScaleSettings(target_node_count=1)),
    node_setup=models.NodeSetup(mount_volumes=models.MountVolumes(unmanaged_file_systems=[
        models.UnmanagedFileSystemReference(mount_command=f'mount --bind {WORK}', relative_mount_path='work')])))
).result()
told['cluster'] = [cluster.name, cluster.type, cluster.location, cluster.tags, cluster.vm_size,
                   text(cluster.provisioning_state)]
cluster = wait(lambda: client.clusters.get(*CLUSTER), lambda seen: seen.node_state_counts.idle_node_count == 1)
told['nodes'] = [int(node.port) > 0 for node in client.clusters.list_remote_login_information(*CLUSTER)]

server = client.file_servers.create(GROUP, 'server', models.FileServerCreateParameters(
    location='eastus', vm_size='STANDARD_D1',
    ssh_configuration=models.SshConfiguration(user_account_settings=models.UserAccountSettings(**ACCOUNT)),
    data_disks=models.DataDisks(disk_size_in_gb=10, disk_count=2, storage_account_type='Standard_LRS'))).result()
told['file server'] = [server.name, server.location, server.data_disks.disk_size_in_gb]
told['file servers'] = [each.name for each in client.file_servers.list_by_resource_group(GROUP)]

client.jobs.create(*JOB, job(COMMAND)).result()
ended = wait(lambda: client.jobs.get(*JOB), lambda seen: text(seen.execution_state) in ('succeeded', 'failed'))
told['job'] = [text(ended.execution_state), ended.execution_info.exit_code, text(ended.tool_type), ended.priority,
               ended.experiment_name, ended.tags, [variable.value for variable in ended.environment_variables],
               [[text(directory.type), directory.create_new] for directory in ended.output_directories]]
told['logs'] = files('stdouterr')
told['outputs'] = files('MODEL')

client.jobs.create(*LONG_JOB, job('sleep 600')).result()
wait(lambda: client.jobs.get(*LONG_JOB), lambda seen: text(seen.execution_state) == 'running')
client.jobs.terminate(*LONG_JOB).result()
ended = wait(lambda: client.jobs.get(*LONG_JOB), lambda seen: text(seen.execution_state) == 'failed')
told['terminated'] = [error.code for error in ended.execution_info.errors]
told['jobs'] = sorted(each.name for each in client.jobs.list_by_resource_group(GROUP))
told['jobs of the subscription'] = sorted(each.name for each in client.jobs.list() if f'/{GROUP}/' in each.id)

resized = client.clusters.update(*CLUSTER, tags={'kind': 'none'}, scale_settings=models.ScaleSettings(
    manual=models.ManualScaleSettings(target_node_count=0)))
told['resized to'] = [resized.scale_settings.manual.target_node_count, resized.tags]
client.jobs.delete(*JOB).result()
client.jobs.delete(*LONG_JOB).result()
client.clusters.delete(*CLUSTER).result()
client.file_servers.delete(GROUP, 'server').result()
told['gone'] = [error_of(lambda: client.clusters.get(*CLUSTER)), error_of(lambda: client.jobs.get(*JOB))]
print(json.dumps(told))
