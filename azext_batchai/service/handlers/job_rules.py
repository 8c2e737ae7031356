"""Rules and defaults of jobs that a schema cannot say. Pure; each function raises the ARM error."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azext_batchai.arm.ids import ResourceId, parse_resource_id
from azext_batchai.arm.states import TOOL_TYPES
from azext_batchai.arm.times import format_duration, parse_duration
from azext_batchai.service import errors
from azext_batchai.service.scheduler.snapshot import Scale
from azext_batchai.service.toolkits import settings_block, toolkit_of, with_toolkit_defaults
from azext_batchai.service.toolkits.base import ToolkitError

_DEFAULT_WALL_CLOCK = 'P7D'
_LONGEST = timedelta(days=7)  # semantics sheet, sections 4.4 and 6.5


def cluster_id(properties: dict[str, Any]) -> ResourceId:
    """The cluster a job names. Raises the 400 error when it is not the id of a cluster."""
    try:
        found = parse_resource_id(properties['cluster']['id'])
    except ValueError as error:
        raise errors.invalid_property('properties.cluster.id', str(error)) from None
    if found.collection != 'workspaces/clusters':
        raise errors.invalid_property('properties.cluster.id', 'is not the id of a cluster')
    return found


def check_toolkit(properties: dict[str, Any]) -> None:
    """One toolkit, with settings it can launch."""
    try:
        toolkit, settings = toolkit_of(properties)
        toolkit.check(settings, properties['nodeCount'])
    except ToolkitError as error:
        raise errors.invalid_property('.'.join(filter(None, ('properties', error.target))), error.problem) from None


def check_directories(properties: dict[str, Any]) -> None:
    """Ids are unique within the job, and ``stdouterr`` is taken (semantics sheet, section 5)."""
    for kind in ('inputDirectories', 'outputDirectories'):
        seen: set[str] = set()
        for index, directory in enumerate(properties.get(kind, [])):
            identity = directory['id'].lower()
            if identity in seen or (kind == 'outputDirectories' and identity == 'stdouterr'):
                raise errors.invalid_property(f'properties.{kind}[{index}].id', f"'{directory['id']}' is already taken")
            seen.add(identity)


def check_job_mounts(properties: dict[str, Any]) -> None:
    """At job level only volumes that become links; a mount command belongs to the cluster."""
    from azext_batchai.service.storage.mounts import bind_source
    unmanaged = properties.get('mountVolumes', {}).get('unmanagedFileSystems', [])
    for index, mount in enumerate(unmanaged):
        if bind_source(mount['mountCommand']) is None:
            raise errors.not_supported(f'properties.mountVolumes.unmanagedFileSystems[{index}].mountCommand',
                                       "only 'mount --bind /path' works at job level; put other mount commands into "
                                       "the cluster's nodeSetup")


def wall_clock(properties: dict[str, Any]) -> str:
    """The time limit in ISO 8601; ``P7D`` when none is given (wire facts sheet, section 8)."""
    text = properties.get('constraints', {}).get('maxWallClockTime', _DEFAULT_WALL_CLOCK)
    target = 'properties.constraints.maxWallClockTime'
    try:
        duration = parse_duration(text)
    except ValueError as error:
        raise errors.invalid_property(target, str(error)) from None
    if not timedelta(0) < duration <= _LONGEST:
        raise errors.invalid_property(target, f'should be more than nothing and at most 7 days, but is {text}')
    return format_duration(duration)


def check_size(node_count: int, scale: Scale, cluster_name: str) -> None:
    """A job above an auto-scale maximum can never run and is refused; a manual cluster can be resized
    (semantics sheet, section 4.2)."""
    if scale.target is None and node_count > scale.maximum:
        raise errors.invalid_property('properties.nodeCount', f'the job needs {node_count} nodes, and the cluster '
                                      f'{cluster_name} has at most {scale.maximum}')


@dataclass(frozen=True)
class Prospects:
    """What a cluster has for the jobs that wait: how it is to scale, and how many of its nodes are unusable."""
    scale: Scale
    unusable: int = 0


def obstacle(node_count: int, prospects: Prospects, cluster_name: str) -> tuple[str, str] | None:
    """Code and text of why a queued job cannot start as its cluster is now, or None."""
    limit = prospects.scale.limit
    if node_count > limit:
        return 'JobTooLargeForCluster', (
            f'The job needs {node_count} nodes, and the cluster {cluster_name} is set to {limit}; '
            'it stays queued until the cluster is resized')
    if node_count > limit - prospects.unusable:
        return 'ClusterNodesUnusable', (
            f'The job needs {node_count} nodes, and {prospects.unusable} of the {limit} that the cluster '
            f'{cluster_name} may have are unusable, as the errors of the cluster tell; it stays queued until the '
            'cluster is resized, which replaces them')
    return None


def with_defaults(properties: dict[str, Any], segment: str) -> dict[str, Any]:
    """The properties of a new job, defaults filled in, in the order of the wire (wire facts sheet, section 8)."""
    filled = {**with_toolkit_defaults(properties),
              'schedulingPriority': properties.get('schedulingPriority', 'normal'),
              'jobOutputDirectoryPathSegment': segment, 'toolType': TOOL_TYPES[settings_block(properties)],
              'constraints': {'maxWallClockTime': wall_clock(properties)}}
    order = ['schedulingPriority', 'cluster', 'jobOutputDirectoryPathSegment', 'nodeCount', 'containerSettings',
             'mountVolumes', 'toolType', *TOOL_TYPES, 'jobPreparation', 'stdOutErrPathPrefix', 'inputDirectories',
             'outputDirectories', 'environmentVariables', 'secrets', 'constraints']
    return {key: filled[key] for key in order if filled.get(key) not in (None, [], {})}
