"""What is said of the blob service of an account: its properties, which are fixed, and what kind of account it is."""
from __future__ import annotations

from xml.etree.ElementTree import Element

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, xml
from azext_batchai.service.storage.rest.requests import StorageRequest

_LONGEST_BYTES = 64 << 10
_OFF = {'Enabled': False}
_METRICS = {'Version': '1.0', 'Enabled': False, 'RetentionPolicy': _OFF}
_PROPERTIES = {
    'Logging': {'Version': '1.0', 'Delete': False, 'Read': False, 'Write': False, 'RetentionPolicy': _OFF},
    'HourMetrics': _METRICS, 'MinuteMetrics': _METRICS, 'Cors': None, 'DeleteRetentionPolicy': _OFF,
    'StaticWebsite': _OFF}
# Elements that switch something on.
_SWITCHES = frozenset({'Enabled', 'Delete', 'Read', 'Write', 'IncludeAPIs'})


async def get_service_properties(service: Service, request: StorageRequest) -> Response:
    """Nothing of it is switched on."""
    request.permissions.require('read', level='service')
    shown = {name: value if value is not None else '' for name, value in _PROPERTIES.items()}
    return Response(xml.document('StorageServiceProperties', shown), media_type='application/xml')


async def set_service_properties(service: Service, request: StorageRequest) -> Response:
    """Accepts what is so anyway. Raises the 400 error for anything that would switch something on."""
    request.permissions.require('write', level='service')
    try:
        root = xml.parse(await request.read(_LONGEST_BYTES))
    except xml.Malformed:
        raise errors.known('InvalidXmlDocument') from None
    if root.tag != 'StorageServiceProperties' or {node.tag for node in root} - {*_PROPERTIES, 'DefaultServiceVersion'}:
        raise errors.known('InvalidXmlDocument')
    for node in root:
        if _switches_on(node):
            raise errors.not_supported(f'Service properties such as {node.tag}')
    return Response(status_code=202)


async def get_account_information(service: Service, request: StorageRequest) -> Response:
    """For who has any right to anything in the account."""
    return Response(headers={'x-ms-sku-name': request.account.sku, 'x-ms-account-kind': request.account.kind,
                             'x-ms-is-hns-enabled': 'false'})


def _switches_on(node: Element) -> bool:
    return node.find('CorsRule') is not None or any(
        found.tag in _SWITCHES and (found.text or '').strip().lower() == 'true' for found in node.iter())
