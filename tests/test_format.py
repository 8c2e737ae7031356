from azext_batchai import _format

BASE = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/demo/providers/Microsoft.BatchAI'
CLUSTER = {'name': 'c', 'id': f'{BASE}/workspaces/migrated-eastus/clusters/c', 'vmSize': 'STANDARD_NC6',
           'allocationState': 'steady', 'provisioningState': 'succeeded',
           'nodeStateCounts': {'idleNodeCount': 1, 'runningNodeCount': 2, 'preparingNodeCount': 3,
                               'leavingNodeCount': 4, 'unusableNodeCount': 5}}
JOB = {'name': 'j', 'id': f'{BASE}/workspaces/w/experiments/migrated/jobs/j', 'cluster': {'id': CLUSTER['id']},
       'toolType': 'custom', 'nodeCount': 1, 'executionState': 'failed', 'executionInfo': {'exitCode': 127}}


def test_cluster_columns():
    row = _format.cluster_row(CLUSTER)
    assert list(row.items()) == [
        ('Name', 'c'), ('Resource Group', 'demo'), ('Workspace', 'migrated-eastus'), ('VM Size', 'STANDARD_NC6'),
        ('State', 'steady'), ('Idle', 1), ('Running', 2), ('Preparing', 3), ('Leaving', 4), ('Unusable', 5)]


def test_cluster_that_is_going_says_so():
    assert _format.cluster_row({**CLUSTER, 'provisioningState': 'deleting'})['State'] == 'deleting'


def test_job_columns():
    assert list(_format.job_row(JOB).items()) == [
        ('Name', 'j'), ('Resource Group', 'demo'), ('Workspace', 'w'), ('Cluster', 'c'), ('Cluster RG', 'demo'),
        ('Tool', 'custom'), ('Nodes', 1), ('State', 'failed'), ('Exit code', 127)]


def test_exit_code_of_a_queued_job_is_blank():
    assert _format.job_row({**JOB, 'executionState': 'queued', 'executionInfo': None})['Exit code'] == ''


def test_file_server_columns():
    server = {'name': 'n', 'id': f'{BASE}/workspaces/w/fileservers/n', 'vmSize': 'STANDARD_D2',
              'dataDisks': {'diskCount': 1, 'diskSizeInGb': 10},
              'mountSettings': {'mountPoint': '/data', 'fileServerPublicIp': '1.2.3.4',
                                'fileServerInternalIp': '10.0.0.4'}}
    assert list(_format.file_server_row(server).items()) == [
        ('Name', 'n'), ('Resource Group', 'demo'), ('Workspace', 'w'), ('Size', 'STANDARD_D2'), ('Disks', '1 x 10 Gb'),
        ('Public IP', '1.2.3.4'), ('Internal IP', '10.0.0.4'), ('Type', 'nfs'), ('Mount Point', '/data')]


def test_ports_are_whole_numbers():
    assert dict(_format.node_row({'nodeId': 'tvm-1', 'ipAddress': '1.2.3.4', 'port': 50000.0})) == {
        'ID': 'tvm-1', 'IP': '1.2.3.4', 'Port': 50000}


def test_no_limit_is_said_in_words():
    usage = {'name': {'value': 'Clusters', 'localizedValue': 'Clusters'}, 'currentValue': 2, 'limit': -1}
    assert dict(_format.usage_row(usage)) == {'Name': 'Clusters', 'Current': 2, 'Limit': 'no limit'}
    assert _format.usage_row({**usage, 'limit': 24})['Limit'] == 24


def test_lists_become_rows():
    assert [row['Name'] for row in _format.job_table([JOB, JOB])] == ['j', 'j']


def test_a_dry_run_has_a_row_in_every_table():
    request = {'method': 'PUT', 'url': 'https://h/c', 'body': {'properties': {}}}
    for table in (_format.cluster_table, _format.job_table):
        assert dict(table(request)) == {'Method': 'PUT', 'URL': 'https://h/c'}
