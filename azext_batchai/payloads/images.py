"""Which operating system image the nodes run."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

from azext_batchai.payloads.foreign_ids import image_id

ALIASES = {
    'UbuntuLTS': ('Canonical', 'UbuntuServer', '16.04-LTS', 'latest'),
    'UbuntuDSVM': ('microsoft-ads', 'linux-data-science-vm-ubuntu', 'linuxdsvmubuntu', 'latest'),
}
FORMS = f"{', '.join(ALIASES)} or publisher:offer:sku[:version]"
_PARTS = ('publisher', 'offer', 'sku')


def image_reference(image: str) -> dict[str, str]:
    """The `imageReference` of an alias or of ``publisher:offer:sku[:version]``; an empty version is the latest."""
    alias = next((parts for name, parts in ALIASES.items() if name.lower() == image.lower()), None)
    parts = alias or tuple(image.split(':'))
    if len(parts) == 3:
        parts = (*parts, '')
    if len(parts) != 4 or not all(parts[:3]):
        raise InvalidArgumentValueError(f"'{image}' is not an image for --image/-i; use {FORMS}.")
    return dict(zip((*_PARTS, 'version'), (*parts[:3], parts[3] or 'latest')))


def virtual_machine_configuration(image: str | None, custom_image: str | None, configured: dict[str, Any] | None
                                  ) -> dict[str, Any] | None:
    """The `virtualMachineConfiguration` of a request. A custom image stands beside the one it was made from."""
    reference = image_reference(image) if image else (configured or {}).get('imageReference')
    if custom_image:
        if not reference or not all(reference.get(part) for part in _PARTS):
            raise RequiredArgumentMissingError('--custom-image needs --image/-i as well, with the image it was made '
                                               'from, for example --image UbuntuLTS.')
        reference = {**reference, 'virtualMachineImageId': image_id(custom_image, '--custom-image')}
    elif reference and reference.get('virtualMachineImageId'):
        image_id(reference['virtualMachineImageId'], 'imageReference.virtualMachineImageId of the config file')
    return {**(configured or {}), 'imageReference': reference} if reference else configured
