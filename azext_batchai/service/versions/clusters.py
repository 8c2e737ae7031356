"""Clusters: set-up tasks had `runElevated`, and the deallocation option could be `unknown`."""
from __future__ import annotations

from typing import Any

from azext_batchai.service.versions import Json, Stored, Translated
from azext_batchai.service.versions.ids import Find, with_modern_servers, with_older_servers
from azext_batchai.service.versions.overlay import older_reply
from azext_batchai.service.versions.spellings import shown_spelling


def modern_cluster(properties: Json, location: str, find: Find) -> Translated:
    """A request whose shape was checked, in the form of 2018-05-01. Raises ShapeError for an id that is none."""
    modern, extras = dict(properties), {}
    if 'scaleSettings' in modern:
        scale = modern_scale(modern['scaleSettings'])
        modern['scaleSettings'], extras = scale.properties, scale.extras
    setup = modern.get('nodeSetup')
    if setup is not None:
        setup = modern['nodeSetup'] = dict(setup)
        if 'setupTask' in setup:
            setup['setupTask'], more = _modern_task(setup['setupTask'])
            extras = {**extras, **more}
        if 'mountVolumes' in setup:
            setup['mountVolumes'] = with_modern_servers(
                setup['mountVolumes'], 'properties.nodeSetup.mountVolumes', location, find)
    return Translated(modern, extras)


def modern_scale(scale: Json) -> Translated:
    """New scale settings; the option `unknown` is the same as none."""
    manual = scale.get('manual', {})
    if manual.get('nodeDeallocationOption') != 'unknown':
        return Translated(scale)
    lean = {key: value for key, value in manual.items() if key != 'nodeDeallocationOption'}
    return Translated({**scale, 'manual': lean}, {'scaleSettings': {'manual': {'nodeDeallocationOption': 'unknown'}}})


def _modern_task(task: Json) -> tuple[Json, Json]:
    modern = {**task, 'environmentVariables': [{'value': '', **variable} for variable in task['environmentVariables']]
              } if 'environmentVariables' in task else dict(task)
    elevated = modern.pop('runElevated', False)
    return modern, {'nodeSetup': {'setupTask': {'runElevated': True}}} if elevated else {}


def older_cluster(view: Json, stored: Stored, version: str) -> Json:
    """A cluster as that version showed it. `view` is that of 2018-05-01."""
    properties: dict[str, Any] = dict(view['properties'])
    setup = properties.get('nodeSetup')
    if setup is not None:
        setup = properties['nodeSetup'] = dict(setup)
        if 'setupTask' in setup:
            setup['setupTask'] = {**setup['setupTask'], 'runElevated': False}
        if 'mountVolumes' in setup:
            setup['mountVolumes'] = with_older_servers(setup['mountVolumes'])
    extras = stored.extras
    if properties['scaleSettings'].get('manual', {}).get('nodeDeallocationOption') != 'requeue':
        # Set anew through the workspace API since.
        extras = {key: value for key, value in extras.items() if key != 'scaleSettings'}
    reply = older_reply(view, properties, Stored(stored.location, stored.tags, extras), version, 'CLUSTER')
    return {**reply, 'properties': shown_spelling(reply['properties'])}
