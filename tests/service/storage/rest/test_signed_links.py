"""What a signed link (SAS) lets its holder do, and what not. That Azure's clients sign so too, others say."""
import json
from urllib.parse import urlencode

import pytest
from signing import ACCOUNT, KEYS, address, link, linked, send, text_time

from azext_batchai.service.storage.rest import errors, sas, shared_key
from azext_batchai.service.storage.rest.permissions import EVERYTHING, Permissions
from azext_batchai.service.storage.rest.signatures import POLICIES
from azext_batchai.service.store.stored_files import FileKey, FileNotes

VERSIONS = ['2015-04-05', '2018-03-28', '2018-11-09', '2019-02-02', '2020-12-06', '2026-10-06']


def refusal(reply):
    return reply.status_code, reply.headers.get('x-ms-error-code')


@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('kind, more', [('blob', {'sr': 'b'}), ('blob', {'sr': 'c', 'resource': 'data'}),
                                        ('blob', {'sr': 'd', 'sdd': '1', 'resource': 'data/a'}),
                                        ('file', {'sr': 'f'}), ('file', {'sr': 's', 'resource': 'data'}),
                                        ('blob', {'srt': 'sco'}), ('file', {'srt': 'sco'})])
def test_a_link_of_every_version_opens_what_it_names(storage, probe, kind, more, version):
    assert linked(storage, 'GET', 'data/a/x', kind, sv=version, **more).status_code == 200
    assert probe.seen[0].permissions.letters == 'r'
    assert probe.seen[0].query == {}


@pytest.mark.parametrize('path, more', [
    ('data/a/y', {'resource': 'data/a/x'}), ('other/a/x', {'resource': 'data/a/x'}),
    ('data/a/x/y', {'resource': 'data/a/x'}), ('data/a', {'resource': 'data/a/x'}),
    ('other/x', {'sr': 'c', 'resource': 'data'}), ('data2/x', {'sr': 'c', 'resource': 'data'}),
    ('data/b/x', {'sr': 'd', 'sdd': '1', 'resource': 'data/a'}),
    ('data/ab/x', {'sr': 'd', 'sdd': '1', 'resource': 'data/a'}),
    ('data/a/x', {'sr': 'd', 'sdd': '2', 'resource': 'data/a'})])
def test_a_link_opens_nothing_else(storage, probe, path, more):
    assert refusal(linked(storage, 'GET', path, **more)) == (403, 'AuthenticationFailed')
    assert probe.seen == []


@pytest.mark.parametrize('path', ['data', ''])
def test_a_link_to_a_blob_is_none_to_its_container_or_account(storage, probe, path):
    assert refusal(linked(storage, 'GET', path, resource='data/x')) == (403, 'AuthorizationFailure')
    assert refusal(linked(storage, 'GET', '', sr='c', resource='data')) == (403, 'AuthorizationFailure')


def test_a_link_is_for_one_service(storage, probe):
    query = urlencode(link(storage.now, 'blob', 'data/x'))
    assert refusal(send(storage, 'GET', f"{address('file', 'data/x')}?{query}", {})) == (403, 'AuthenticationFailed')
    assert refusal(linked(storage, 'GET', 'data/x', 'file', srt='sco', ss='b')) == (403, 'AuthorizationServiceMismatch')
    assert refusal(linked(storage, 'GET', 'data/x', 'blob', srt='sco', ss='f')) == (403, 'AuthorizationServiceMismatch')


@pytest.mark.parametrize('more, said', [
    ({'se': -1}, 'valid from'), ({'st': 60}, 'valid from'), ({'se': 'tomorrow'}, 'should look like'),
    ({'se': '2018-13-01'}, 'should look like'), ({'st': 'x'}, 'should look like'), ({'se': ''}, 'should look like')])
def test_a_link_has_its_time(storage, probe, more, said):
    given = {name: text_time(storage.now + value) if isinstance(value, int) else value for name, value in more.items()}
    reply = linked(storage, 'GET', 'data/x', **given)
    assert refusal(reply) == (403, 'AuthenticationFailed') and said in reply.text
    assert 'sig=' not in reply.text and probe.seen == []


@pytest.mark.parametrize('expiry', ['2018-06-07', '2018-06-06T12:01Z', '2018-06-06T12:00:01Z',
                                    '2018-06-06T12:00:01.1234567Z'])
def test_times_have_the_forms_of_azure(storage, probe, expiry):
    assert linked(storage, 'GET', 'data/x', se=expiry, st='2018-06-06').status_code == 200


@pytest.mark.parametrize('change', [
    {'sp': 'rw'}, {'se': '2030-01-01T00:00:00Z'}, {'sig': ''}, {'sig': 'AAAA'}, {'sv': '2020-02-10'}, {'sr': 'c'},
    {'rsct': 'text/html'}, {'sip': '127.0.0.1'}, {'spr': 'https'}, {'si': 'policy'}, {'sv': ''}, {'sv': '2014-02-14'},
    {'sr': 'bs'}, {'sr': ''}, {'skoid': 'x'}, {'srt': 'o', 'ss': 'b'}, {'sv': 'z'}])
def test_a_link_that_was_changed_opens_nothing(storage, probe, change):
    query = urlencode({**link(storage.now, 'blob', 'data/x'), **change})
    reply = send(storage, 'GET', f"{address('blob', 'data/x')}?{query}", {})
    assert refusal(reply) == (403, 'AuthenticationFailed') and probe.seen == []


def test_a_parameter_given_twice_is_refused(storage, probe):
    query = urlencode(link(storage.now, 'blob', 'data/x'))
    for extra in ('sp=rwd', 'SP=rwd', 'Sig=AAAA'):
        reply = send(storage, 'GET', f"{address('blob', 'data/x')}?{query}&{extra}", {})
        assert refusal(reply) == (400, 'InvalidQueryParameterValue')
    assert probe.seen == []


@pytest.mark.parametrize('sip, status', [
    ('127.0.0.1', 200), ('127.0.0.0-127.0.0.255', 200), ('127.0.0.2', 403), ('10.0.0.1-10.0.0.9', 403), ('::1', 403),
    ('x', 403), ('127.0.0.1-::1', 403)])
def test_a_link_may_be_for_some_addresses(storage, probe, sip, status):
    assert linked(storage, 'GET', 'data/x', sip=sip).status_code == status


@pytest.mark.parametrize('spr, status', [('https', 200), ('https,http', 200), ('http', 403)])
def test_a_link_may_be_for_some_protocols(storage, probe, spr, status):
    assert linked(storage, 'GET', 'data/x', spr=spr).status_code == status


def test_a_link_may_leave_the_rest_to_a_policy_of_the_container(storage, probe):
    key = FileKey(ACCOUNT, 'blob', 'data')
    storage.store.stored_files.put(key, FileNotes(extras={POLICIES: json.dumps({
        'open': ['', text_time(storage.now + 60), 'rl'], 'over': ['', text_time(storage.now - 60), 'rl']})}))

    def opened(policy):
        query = {'sv': '2021-12-02', 'si': policy, 'sr': 'c'}
        query['sig'] = shared_key.signature_of(KEYS['key1'], sas.service_text(query, 'blob', f'{ACCOUNT}/data'))
        return send(storage, 'GET', f"{address('blob', 'data/x')}?{urlencode(query)}", {})
    assert opened('open').status_code == 200
    assert probe.seen[0].permissions == Permissions('rl', is_whole=True)
    for policy in ('over', 'unknown'):
        assert refusal(opened(policy)) == (403, 'AuthenticationFailed')
    storage.store.stored_files.put(key, FileNotes())
    assert refusal(opened('open')) == (403, 'AuthenticationFailed')


# what handlers ask

@pytest.mark.parametrize('permissions, action, level, code', [
    (EVERYTHING, 'delete', 'service', None),
    (Permissions('r'), 'read', 'object', None),
    (Permissions('r'), 'write', 'object', 'AuthorizationPermissionMismatch'),
    (Permissions(''), 'read', 'object', 'AuthorizationPermissionMismatch'),
    (Permissions('rl'), 'list', 'container', 'AuthorizationFailure'),
    (Permissions('rl', is_whole=True), 'list', 'container', None),
    (Permissions('rlwd', is_whole=True), 'delete', 'container', 'AuthorizationFailure'),
    (Permissions('rl', is_whole=True), 'list', 'service', 'AuthorizationFailure'),
    (Permissions('rl', 's'), 'list', 'service', None),
    (Permissions('rl', 'co'), 'list', 'service', 'AuthorizationResourceTypeMismatch'),
    (Permissions('rlwd', 'c'), 'delete', 'container', None),
    (Permissions('rlwd', 'sc'), 'read', 'object', 'AuthorizationResourceTypeMismatch'),
    (Permissions('r', '-'), 'read', 'object', 'AuthorizationResourceTypeMismatch')])
def test_a_permission_is_asked_for_by_action_and_level(permissions, action, level, code):
    assert permissions.allows(action, level) == (code is None)
    if code is None:
        permissions.require(action, level=level)
    else:
        with pytest.raises(errors.StorageError) as refused:
            permissions.require(action, level=level)
        assert (refused.value.status, refused.value.code) == (403, code)


def test_one_of_several_actions_is_enough():
    Permissions('c').require('create', 'write')
    with pytest.raises(errors.StorageError):
        Permissions('r').require('create', 'write')
