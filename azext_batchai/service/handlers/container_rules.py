"""What a job may ask of its container, beyond what a schema says. Pure; raises the ARM error."""
from __future__ import annotations

from typing import Any, Callable

from azext_batchai.service import errors
from azext_batchai.service.containers.image import check_image, read_server, shm_bytes


def check_container(properties: dict[str, Any]) -> None:
    """Raises the 400 error for the first of image, registry and shared memory that cannot be meant."""
    settings = properties.get('containerSettings')
    if settings is None:
        return
    registry = settings['imageSourceRegistry']
    target = 'properties.containerSettings'
    _check(check_image, registry['image'], f'{target}.imageSourceRegistry.image')
    _check(read_server, registry.get('serverUrl', ''), f'{target}.imageSourceRegistry.serverUrl')
    if 'credentials' in registry and ':' in registry['credentials']['username']:
        raise errors.invalid_property(f'{target}.imageSourceRegistry.credentials.username', 'cannot have a colon')
    if 'shmSize' in settings:
        _check(shm_bytes, settings['shmSize'], f'{target}.shmSize')


def _check(read: Callable[[str], Any], text: str, target: str) -> None:
    try:
        read(text)
    except ValueError as error:
        raise errors.invalid_property(target, str(error)) from None
