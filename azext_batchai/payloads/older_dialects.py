"""Properties of the 2017-09 and 2018-03 configuration files in the words of 2018-05-01. Pure functions."""
from __future__ import annotations

from typing import Any

from azext_batchai.arm.checking import ShapeError
from azext_batchai.arm.older_priorities import scheduling_priority
from azext_batchai.arm.times import format_duration, parse_duration

Json = dict[str, Any]

_KINDS: dict[type, str] = {bool: 'true or false', str: 'a string', int: 'a whole number'}


def modern_cluster(properties: Json) -> Json:
    """`runElevated` goes: set-up tasks always run as administrator now. So does the deallocation option `unknown`."""
    cluster = dict(properties)
    scale = cluster.get('scaleSettings')
    if isinstance(scale, dict) and isinstance(scale.get('manual'), dict):
        manual = scale['manual']
        if str(manual.get('nodeDeallocationOption')).lower() == 'unknown':
            manual = {key: value for key, value in manual.items() if key != 'nodeDeallocationOption'}
        cluster['scaleSettings'] = {**scale, 'manual': manual}
    node_setup = cluster.get('nodeSetup')
    if isinstance(node_setup, dict) and isinstance(node_setup.get('setupTask'), dict):
        lean = _without(node_setup['setupTask'], {'runElevated': bool}, 'properties.nodeSetup.setupTask')
        cluster['nodeSetup'] = {**node_setup, 'setupTask': lean}
    return cluster


def modern_file_server(properties: Json) -> Json:
    """`fileSystemType` and `raidLevel` of the disks go: they were ever shown, and never chosen."""
    if not isinstance(properties.get('dataDisks'), dict):
        return properties
    disks = _without(properties['dataDisks'], {'fileSystemType': str, 'raidLevel': str}, 'properties.dataDisks')
    return {**properties, 'dataDisks': disks}


def modern_job(properties: Json) -> Json:
    """`priority` becomes `schedulingPriority`; `experimentName`, the numbers of retries, and `type` and `createNew` of
    outputs go."""
    job = _without(properties, {'experimentName': str}, 'properties')
    priority = job.pop('priority', None)
    if priority is not None:
        job.setdefault('schedulingPriority', _scheduling_priority(priority))
    if isinstance(job.get('outputDirectories'), list):
        job['outputDirectories'] = [
            _without(item, {'type': str, 'createNew': bool}, f'properties.outputDirectories[{index}]')
            if isinstance(item, dict) else item for index, item in enumerate(job['outputDirectories'])]
    if isinstance(job.get('constraints'), dict):
        limits = _without(job['constraints'], {'maxTaskRetryCount': int, 'maxRetryCount': int},
                          'properties.constraints')
        if isinstance(limits.get('maxWallClockTime'), str):
            limits['maxWallClockTime'] = _iso(limits['maxWallClockTime'])
        job['constraints'] = limits
    return job


def _without(item: Json, gone: dict[str, type], path: str) -> Json:
    """`item` less the keys of `gone`, whose values must still be of the right type."""
    for key, kind in gone.items():
        if item.get(key) is not None and not isinstance(item[key], kind):
            raise ShapeError(f'{path}.{key}', f'should be {_KINDS[kind]}')
    return {key: value for key, value in item.items() if key not in gone}


def _scheduling_priority(number: Any) -> str:
    if isinstance(number, bool) or not isinstance(number, int) or not -1000 <= number <= 1000:
        raise ShapeError('properties.priority', 'should be a whole number from -1000 to 1000')
    return scheduling_priority(number)


def _iso(text: str) -> str:
    try:
        return format_duration(parse_duration(text))
    except ValueError as error:
        raise ShapeError('properties.constraints.maxWallClockTime', str(error)) from None
