"""Rows for `-o table`, with the columns of the 2017 guide and the workspace beside the resource group."""
from __future__ import annotations

from collections import OrderedDict
from typing import Any, Callable

from azext_batchai.arm.ids import parse_resource_id

Row = dict[str, Any]


def _table(row: Callable[[Row], Row]) -> Callable[[Any], Any]:
    """A transformer for one resource or a list of them."""
    return lambda result: [row(item) for item in result] if isinstance(result, list) else (
        request_row if _is_dry_run(result) else row)(result)


def _is_dry_run(result: Row) -> bool:
    return set(result) == {'method', 'url', 'body'}


def request_row(request: Row) -> Row:
    """What `--dry-run` has found; the body is no matter for a table."""
    return OrderedDict([('Method', request['method']), ('URL', request['url'])])


def cluster_row(cluster: Row) -> Row:
    counts = cluster.get('nodeStateCounts') or {}
    deleting = cluster.get('provisioningState') == 'deleting'
    return OrderedDict([
        ('Name', cluster['name']),
        ('Resource Group', _group(cluster)),
        ('Workspace', _workspace(cluster)),
        ('VM Size', cluster.get('vmSize')),
        ('State', 'deleting' if deleting else cluster.get('allocationState')),
        *((state, counts.get(f'{state.lower()}NodeCount'))
          for state in ('Idle', 'Running', 'Preparing', 'Leaving', 'Unusable')),
    ])


def job_row(job: Row) -> Row:
    cluster = (job.get('cluster') or {}).get('id') or ''
    return OrderedDict([
        ('Name', job['name']),
        ('Resource Group', _group(job)),
        ('Workspace', _workspace(job)),
        ('Cluster', cluster.rsplit('/', 1)[-1]),
        ('Cluster RG', _group({'id': cluster})),
        ('Tool', job.get('toolType')),
        ('Nodes', job.get('nodeCount')),
        ('State', job.get('executionState')),
        ('Exit code', _or_blank((job.get('executionInfo') or {}).get('exitCode'))),
    ])


def file_server_row(server: Row) -> Row:
    disks = server.get('dataDisks') or {}
    mount = server.get('mountSettings') or {}
    return OrderedDict([
        ('Name', server['name']),
        ('Resource Group', _group(server)),
        ('Workspace', _workspace(server)),
        ('Size', server.get('vmSize')),
        ('Disks', f"{disks.get('diskCount')} x {disks.get('diskSizeInGb', disks.get('diskSizeInGB'))} Gb"),
        ('Public IP', mount.get('fileServerPublicIp', mount.get('fileServerPublicIP'))),
        ('Internal IP', mount.get('fileServerInternalIp', mount.get('fileServerInternalIP'))),
        ('Type', 'nfs'),  # the only one since API 2018-05-01
        ('Mount Point', mount.get('mountPoint')),
    ])


def node_row(node: Row) -> Row:
    port = node.get('port')
    return OrderedDict([('ID', node['nodeId']), ('IP', node.get('ipAddress')),
                        ('Port', int(port) if port is not None else None)])


def file_row(entry: Row) -> Row:
    return OrderedDict([
        ('Name', shown_name(entry['name'])),
        ('Type', entry.get('fileType')),
        ('Size', entry.get('contentLength')),
        ('Modified', entry.get('lastModified')),
    ])


def download_row(entry: Row) -> Row:
    return OrderedDict([('Name', shown_name(entry['name'])), ('Path', shown_name(entry['path'])),
                        ('Size', entry['size']), ('State', entry['state'])])


def shown_name(name: str) -> str:
    """The name of a file as a terminal may show it: jobs choose names, and an escape in one would steer it."""
    return ''.join(character if character.isprintable() else ascii(character)[1:-1] for character in name)


def workspace_row(workspace: Row) -> Row:
    return OrderedDict([
        ('Name', workspace['name']),
        ('Resource Group', _group(workspace)),
        ('Location', workspace.get('location')),
        ('State', workspace.get('provisioningState')),
    ])


def experiment_row(experiment: Row) -> Row:
    return OrderedDict([
        ('Name', experiment['name']),
        ('Resource Group', _group(experiment)),
        ('Workspace', _workspace(experiment)),
        ('State', experiment.get('provisioningState')),
    ])


def usage_row(usage: Row) -> Row:
    name = usage.get('name') or {}
    limit = usage.get('limit')
    return OrderedDict([('Name', name.get('localizedValue') or name.get('value')),
                        ('Current', usage.get('currentValue')), ('Limit', 'no limit' if limit == -1 else limit)])


def service_row(service: Row) -> Row:
    findings = service.get('findings')
    return OrderedDict([
        ('State', service.get('state')),
        ('Endpoint', service.get('endpoint')),
        ('Engine', service.get('engine')),
        ('PID', service.get('pid')),
        ('Version', service.get('version')),
        ('Data Folder', service.get('dataDir')),
        *([('Findings', len(findings))] if findings else []),
    ])


cluster_table = _table(cluster_row)
job_table = _table(job_row)
file_server_table = _table(file_server_row)
node_table = _table(node_row)
file_table = _table(file_row)
download_table = _table(download_row)
workspace_table = _table(workspace_row)
experiment_table = _table(experiment_row)
usage_table = _table(usage_row)
service_table = _table(service_row)


def _group(resource: Row) -> str:
    """The spelling of the resource id."""
    parts = (resource.get('id') or '').split('/')
    return parts[4] if len(parts) > 4 else ''


def _or_blank(value: Any) -> Any:
    """Knack drops a column that holds nothing but None."""
    return '' if value is None else value


def _workspace(resource: Row) -> str:
    try:
        return parse_resource_id(resource.get('id') or '').workspace
    except ValueError:
        return ''
