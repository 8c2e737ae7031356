"""What published clients may send and this service refuses for now: property path -> error code. Issue 5 empties it.

A property that is listed has to be refused, with its path; what lies below it is refused with it.
"""
from __future__ import annotations

EXPECTED_REFUSALS = {
    'cntkSettings': 'InvalidPropertyValue',
    'pyTorchSettings': 'InvalidPropertyValue',
    'tensorFlowSettings': 'InvalidPropertyValue',
    'caffeSettings': 'InvalidPropertyValue',
    'caffe2Settings': 'InvalidPropertyValue',
    'chainerSettings': 'InvalidPropertyValue',
    'customMpiSettings': 'InvalidPropertyValue',
    'horovodSettings': 'InvalidPropertyValue',
    'containerSettings': 'NotSupported',
    'secrets[].valueSecretReference': 'NotSupported',
    'nodeSetup.setupTask.secrets[].valueSecretReference': 'NotSupported',
}


def expected_refusal(path: str) -> tuple[str, str] | None:
    """The listed path that a property is refused by, and the code; None for what is accepted."""
    for listed, code in EXPECTED_REFUSALS.items():
        if path.removesuffix('[]') == listed or path.startswith((f'{listed}.', f'{listed}[]')):
            return listed, code
    return None
