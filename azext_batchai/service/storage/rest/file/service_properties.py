"""Properties of the file service as a whole. There are no metrics and no rules for browsers, and none can be set."""
from __future__ import annotations

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, xml
from azext_batchai.service.storage.rest.requests import StorageRequest

_LIMIT_BYTES = 64 * 1024
_OFF = {'Version': '1.0', 'Enabled': False, 'RetentionPolicy': {'Enabled': False}}
_DOCUMENT = {'HourMetrics': _OFF, 'MinuteMetrics': _OFF, 'Cors': '',
             'ProtocolSettings': {'SMB': {'Multichannel': {'Enabled': False}}}}


async def get_properties(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('read', level='service')
    return Response(xml.document('StorageServiceProperties', _DOCUMENT), media_type='application/xml')


async def set_properties(service: Service, request: StorageRequest) -> Response:
    """Accepts what changes nothing."""
    request.permissions.require('write', level='service')
    try:
        root = xml.parse(await request.read(_LIMIT_BYTES))
    except xml.Malformed:
        raise errors.known('InvalidXmlDocument') from None
    if root.tag != 'StorageServiceProperties':
        raise errors.known('InvalidXmlDocument')
    if root.find('Cors/CorsRule') is not None:
        raise errors.not_supported('Rules for browsers (CORS)')
    if any(enabled.text == 'true' for enabled in root.iter('Enabled')):
        raise errors.not_supported('Metrics, retention and multichannel')
    return Response(status_code=202)
