"""What Azure's blobs can do and ours cannot: refused with a code, never ignored."""
from __future__ import annotations

import pytest
from blob_client import BLOCK, refused

from azext_batchai.service.storage.rest.blob import refusals
from azext_batchai.service.storage.rest.blob.routes import ROUTES


@pytest.mark.parametrize('component', sorted(refusals.COMPONENTS))
def test_an_operation_that_azure_has_is_called_by_its_name(blobs, component):
    reply = blobs.put('work/blob', comp=component)
    assert refused(reply, 400, 'FeatureNotSupported') and 'not supported by this service' in reply.text


@pytest.mark.parametrize('header', [
    'x-ms-encryption-key', 'x-ms-encryption-scope', 'x-ms-tags', 'x-ms-if-tags', 'x-ms-content-crc64',
    'x-ms-structured-body', 'x-ms-legal-hold', 'x-ms-immutability-policy-until-date',
    'x-ms-copy-source-authorization'])
def test_a_header_that_would_change_something_is_refused_and_nothing_is_written(blobs, header):
    assert refused(blobs.put('work/blob', b'x', headers={**BLOCK, header: 'true'}), 400, 'FeatureNotSupported')
    assert blobs.list().names == []


@pytest.mark.parametrize('name', ['snapshot', 'versionid', 'deletetype'])
def test_nothing_is_done_to_a_blob_in_the_place_of_a_snapshot_or_version_of_it(blobs, name):
    blobs.upload('work/blob', b'x')
    for method in ('GET', 'HEAD', 'DELETE'):
        assert refused(blobs.call(method, 'work/blob', **{name: '2018-06-06T12:00:00.0000000Z'}), 400,
                       'FeatureNotSupported')
    assert blobs.get('work/blob').content == b'x'


def test_who_believes_to_have_a_lease_is_told_that_there_is_none(blobs):
    blobs.upload('work/blob', b'x')
    lease = {'x-ms-lease-id': '00000000-0000-0000-0000-000000000001'}
    assert refused(blobs.delete('work/blob', headers=lease), 412, 'LeaseNotPresentWithBlobOperation')
    assert refused(blobs.delete('work', headers=lease, restype='container'), 412,
                   'LeaseNotPresentWithContainerOperation')
    assert blobs.get('work/blob').content == b'x'


@pytest.mark.parametrize(('method', 'path', 'query', 'status', 'code'), [
    ('DELETE', '', {'comp': 'list'}, 405, 'UnsupportedHttpVerb'),
    ('POST', 'work/blob', {}, 405, 'UnsupportedHttpVerb'),
    ('GET', 'work/blob', {'comp': 'odd'}, 400, 'InvalidQueryParameterValue'),
    ('GET', 'work', {}, 400, 'InvalidQueryParameterValue'),
    ('PUT', 'work', {'restype': 'directory'}, 400, 'InvalidQueryParameterValue'),
    ('GET', '', {}, 400, 'InvalidQueryParameterValue')])
def test_what_is_no_operation_at_all_is_said_to_be_none(blobs, method, path, query, status, code):
    assert refused(blobs.call(method, path, **query), status, code)


def test_a_component_is_either_served_or_refused():
    assert not {component for _, _, _, component in ROUTES} & set(refusals.COMPONENTS)
