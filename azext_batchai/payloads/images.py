"""Which operating system image the nodes run."""
from __future__ import annotations

from azure.cli.core.azclierror import InvalidArgumentValueError

ALIASES = {
    'UbuntuLTS': ('Canonical', 'UbuntuServer', '16.04-LTS', 'latest'),
    'UbuntuDSVM': ('microsoft-ads', 'linux-data-science-vm-ubuntu', 'linuxdsvmubuntu', 'latest'),
}
FORMS = f"{', '.join(ALIASES)} or publisher:offer:sku[:version]"


def image_reference(image: str) -> dict[str, str]:
    """The `imageReference` of an alias or of ``publisher:offer:sku[:version]``."""
    alias = next((parts for name, parts in ALIASES.items() if name.lower() == image.lower()), None)
    parts = alias or tuple(image.split(':'))
    if len(parts) == 3:
        parts = (*parts, 'latest')
    if len(parts) != 4 or not all(parts):
        raise InvalidArgumentValueError(f"'{image}' is not an image for --image/-i; use {FORMS}.")
    return dict(zip(('publisher', 'offer', 'sku', 'version'), parts))
