"""From a node to set up to the launch an engine can start: mount commands, then the cluster's setup task."""
from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from azext_batchai.service.engines.base import EngineNode, Launch, Task
from azext_batchai.service.job_user import JobUser
from azext_batchai.service.scheduler import environment as env
from azext_batchai.service.scheduler.launching import node_place
from azext_batchai.service.storage.mounts import Mount
from azext_batchai.service.store.clusters import Cluster


def setup_layout(cluster: Cluster, node: EngineNode, secrets: dict[str, str], job_user: JobUser | None = None
                 ) -> tuple[dict[str, str], Path | None]:
    """Variables of a node's set-up, and the folder of the setup task's logs when there is such a task. Pure."""
    variables = env.node_variables(node_place(node))
    task = cluster.resource.properties.get('nodeSetup', {}).get('setupTask')
    logs = None
    if task:
        prefix = env.absolute(task['stdOutErrPathPrefix'], {**env.inherited(os.environ, job_user), **variables})
        logs = prefix / task['stdOutErrPathSuffix']
        variables['AZ_BATCHAI_STDOUTERR_DIR'] = str(logs)
        variables.update(env.user_variables(task, secrets, variables))
    return {**env.inherited(os.environ, job_user), **variables}, logs


def setup_launch(launch_id: str, cluster: Cluster, node: EngineNode, mounts: list[Mount], secrets: dict[str, str],
                 folder: Path, job_user: JobUser | None = None) -> Launch | None:
    """What has to run on a new node before it takes jobs: mount commands, then the setup task. None for nothing.

    Mounts come first, so that the task can use them (semantics sheet, section 6.3). The mount path is appended to
    an unmanaged mount command.
    """
    variables, logs = setup_layout(cluster, node, secrets, job_user)
    place = node_place(node)
    steps = [f'{mount.command} {shlex.quote(str(place.mount_root / mount.relative_path))} '
             f'|| {{ code=$?; echo {shlex.quote(f"mounting {mount.relative_path} failed")} >&2; exit $code; }}'
             for mount in mounts if mount.command]
    task: dict[str, Any] | None = cluster.resource.properties.get('nodeSetup', {}).get('setupTask')
    if task:
        steps.append(task['commandLine'])
    if not steps:
        return None
    out = logs or node.folder / 'startup'
    return Launch(launch_id, folder, (Task(
        node.id, '\n'.join(steps), variables, node.folder, out / f'stdout-{node.id}.txt',
        out / f'stderr-{node.id}.txt'),))
