"""Jobs: a number for the priority, a free `experimentName`, and output directories with `type` and `createNew`."""
from __future__ import annotations

from typing import Any

from azext_batchai.arm.older_priorities import priority_number, scheduling_priority
from azext_batchai.service.versions import Json, Stored, Translated
from azext_batchai.service.versions.ids import Find, modern_id, older_id, with_modern_servers, with_older_servers
from azext_batchai.service.versions.overlay import older_reply

_OUTPUT_DEFAULTS = {'type': 'custom', 'createNew': True}


def modern_job(properties: Json, location: str, find: Find) -> Translated:
    """A request whose shape was checked, in the form of 2018-05-01. Raises ShapeError for an id that is none."""
    modern: dict[str, Any] = dict(properties)
    extras: Json = {}
    modern['cluster'] = {'id': modern_id(modern['cluster']['id'], 'properties.cluster.id', location, find)}
    if 'mountVolumes' in modern:
        modern['mountVolumes'] = with_modern_servers(modern['mountVolumes'], 'properties.mountVolumes', location, find)
    if 'environmentVariables' in modern:
        modern['environmentVariables'] = [{'value': '', **variable} for variable in modern['environmentVariables']]
    if 'experimentName' in modern:
        extras['experimentName'] = modern.pop('experimentName')
    priority: int = modern.pop('priority', 0)
    modern['schedulingPriority'] = scheduling_priority(priority)
    if priority != priority_number(modern['schedulingPriority']):
        extras['priority'] = priority
    if 'outputDirectories' in modern:
        modern['outputDirectories'], labels = _modern_outputs(modern['outputDirectories'])
        if any(labels):
            extras['outputDirectories'] = labels
    if 'constraints' in modern:
        modern['constraints'] = {key: value for key, value in modern['constraints'].items()
                                 if key == 'maxWallClockTime'}
    return Translated(modern, extras, priority)


def _modern_outputs(outputs: list[Json]) -> tuple[list[Json], list[Json]]:
    """The directories without what is gone, and what was gone from each, where it is not the default."""
    lean = [{key: value for key, value in output.items() if key not in _OUTPUT_DEFAULTS} for output in outputs]
    labels = []
    for output in outputs:
        given = {key: output[key] for key in _OUTPUT_DEFAULTS if key in output}
        if 'type' in given:
            given['type'] = ','.join(kind.strip().lower() for kind in given['type'].split(','))
        labels.append({key: value for key, value in given.items() if value != _OUTPUT_DEFAULTS[key]})
    return lean, labels


def older_job(view: Json, stored: Stored, version: str) -> Json:
    """A job as that version showed it. `view` is that of 2018-05-01."""
    properties: Json = {}
    for key, value in view['properties'].items():
        if key == 'schedulingPriority':
            properties['priority'] = priority_number(value)
        elif key == 'cluster':
            properties[key] = {'id': older_id(value['id'])}
        elif key == 'mountVolumes':
            properties[key] = with_older_servers(value)
        elif key == 'outputDirectories':
            properties[key] = [{**output, **_OUTPUT_DEFAULTS} for output in value]
        elif key != 'experimentName':
            properties[key] = value
        elif key in stored.extras:  # what 2018-05-01 says here is the name of the parent
            properties[key] = stored.extras[key]
    return older_reply(view, properties, stored, version, 'JOB')
