"""Who mounts what: clusters, and jobs that have not ended. What they mount is not deleted under their feet."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from azext_batchai.arm.states import ProvisioningState
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.storage.mounts import resolve_mounts
from azext_batchai.service.store.resources import Resource

_OF_ACCOUNTS = ('azureFileShares', 'azureBlobFileSystems')


@dataclass(frozen=True)
class MountUser:
    """A cluster or a job, `cluster` being itself or the one the job runs on, and its ``mountVolumes``."""
    title: str
    resource: Resource
    cluster: Resource
    volumes: dict[str, Any]

    def is_in(self, parent: str) -> bool:
        """Whether it goes when the workspace or resource group with that key does, by itself or with its cluster."""
        return any(found.key.startswith(f'{parent}/') for found in (self.resource, self.cluster))


def mount_users(service: Service) -> Iterator[MountUser]:
    """Clusters that nobody deletes, and jobs that have not ended."""
    for found in service.store.clusters.all():
        cluster = found.resource
        if cluster.provisioning_state != ProvisioningState.DELETING:
            yield MountUser(f'the cluster {cluster.id}', cluster, cluster,
                            cluster.properties.get('nodeSetup', {}).get('mountVolumes', {}))
        for job in (*service.store.jobs.active(cluster.key), *service.store.jobs.queued(cluster.key)):
            yield MountUser(f'the job {job.resource.id}', job.resource, cluster,
                            job.resource.properties.get('mountVolumes', {}))


def refuse_mounted(service: Service, code: str, title: str, folder: Path, leaving: str | None = None) -> None:
    """Raises the 409 error when something mounts `folder`, that of a storage account, share or container.

    `title` names it in the error. What is in the resource group with the key `leaving` does not count.
    """
    for user in mount_users(service):
        if leaving and user.is_in(leaving):
            continue
        if any(folder == used or folder in used.parents for used in _folders(service, user.volumes)):
            raise errors.conflict(code, f'The {title} is mounted by {user.title}; delete that first.')


def _folders(service: Service, volumes: dict[str, Any]) -> Iterator[Path]:
    of_accounts = {kind: volumes[kind] for kind in _OF_ACCOUNTS if kind in volumes}
    for mount in resolve_mounts(of_accounts, service.settings.data_dir, lambda _: None):
        if mount.target:
            yield mount.target
