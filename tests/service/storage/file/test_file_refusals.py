"""What signed links permit, operation by operation, and what there is not."""
from __future__ import annotations

import pytest
from file_client import ENDPOINT

# Operation: method, path, query, headers, and the letters and resource type of the link that it needs (any of them).
OPERATIONS = {
    'service properties': ('GET', '', {'restype': 'service', 'comp': 'properties'}, {}, 'r', 's'),
    'list shares': ('GET', '', {'comp': 'list'}, {}, 'l', 's'),
    'create share': ('PUT', 'new', {'restype': 'share'}, {}, 'cw', 'c'),
    'share properties': ('GET', 'work', {'restype': 'share'}, {}, 'r', 'c'),
    'share metadata': ('PUT', 'work', {'restype': 'share', 'comp': 'metadata'}, {}, 'w', 'c'),
    'share quota': ('PUT', 'work', {'restype': 'share', 'comp': 'properties'}, {'x-ms-share-quota': '5'}, 'w', 'c'),
    'share statistics': ('GET', 'work', {'restype': 'share', 'comp': 'stats'}, {}, 'r', 'c'),
    'delete share': ('DELETE', 'work', {'restype': 'share'}, {}, 'd', 'c'),
    'list directory': ('GET', 'work', {'restype': 'directory', 'comp': 'list'}, {}, 'l', 'c'),
    'create directory': ('PUT', 'work/new', {'restype': 'directory'}, {}, 'cw', 'o'),
    'directory properties': ('GET', 'work/d', {'restype': 'directory'}, {}, 'r', 'o'),
    'directory metadata': ('PUT', 'work/d', {'restype': 'directory', 'comp': 'metadata'}, {}, 'w', 'o'),
    'delete directory': ('DELETE', 'work/d', {'restype': 'directory'}, {}, 'd', 'o'),
    'create file': ('PUT', 'work/new', {}, {'x-ms-content-length': '1'}, 'cw', 'o'),
    'create file again': ('PUT', 'work/f', {}, {'x-ms-content-length': '1'}, 'w', 'o'),
    'get file': ('GET', 'work/f', {}, {}, 'r', 'o'),
    'head file': ('HEAD', 'work/f', {}, {}, 'r', 'o'),
    'file metadata': ('PUT', 'work/f', {'comp': 'metadata'}, {}, 'w', 'o'),
    'file properties': ('PUT', 'work/f', {'comp': 'properties'}, {}, 'w', 'o'),
    'put range': ('PUT', 'work/f', {'comp': 'range'}, {'x-ms-write': 'clear', 'x-ms-range': 'bytes=0-1'}, 'w', 'o'),
    'list ranges': ('GET', 'work/f', {'comp': 'rangelist'}, {}, 'r', 'o'),
    'delete file': ('DELETE', 'work/f', {}, {}, 'd', 'o'),
}


@pytest.fixture
def things(files):
    files.make_folder('work/d')
    files.upload('work/f', b'0123')
    return files


@pytest.mark.parametrize('operation', OPERATIONS)
def test_a_link_permits_what_it_says_and_nothing_else(things, operation):
    method, path, query, headers, letters, level = OPERATIONS[operation]

    def call(permissions, types):
        return things.request(method, path, headers=headers, link=things.link(permissions, types), **query)

    others = ''.join(letter for letter in 'rwdlc' if letter not in letters)
    before = sorted(things.root.parent.rglob('*')), things.get('work/f').content
    for permissions, types in ((others, 'sco'), (letters, 'sco'.replace(level, ''))):
        assert call(permissions, types).status_code == 403, (permissions, types)
    assert (sorted(things.root.parent.rglob('*')), things.get('work/f').content) == before
    for letter in letters:
        if letter != letters[0]:
            things.expect(202, things.delete(path, **({'restype': query['restype']} if query else {})))
        assert call(letter, level).status_code in (200, 201, 202), letter


def test_a_link_that_expired_or_is_for_another_service_opens_nothing(things):
    for changes in ({'se': '2018-06-06T11:59:59Z'}, {'st': '2018-06-06T12:00:01Z'}, {'ss': 'b'}, {'sip': '10.0.0.1'}):
        assert things.get('work/f', link=things.link('r', **changes)).status_code == 403, changes
    signed = things.link('r')
    assert things.get('work/f', link={**signed, 'sp': 'rw'}).status_code == 403
    assert things.get('work/f', link={**signed, 'sig': ''}).status_code == 403
    assert things.get('work/f', link={}).status_code == 401
    assert things.get('work/f', link=signed).content == b'0123'


@pytest.mark.parametrize('method, path, query, headers', [
    ('PUT', 'work', {'restype': 'share', 'comp': 'snapshot'}, {}),
    ('PUT', 'work', {'restype': 'share', 'comp': 'lease'}, {'x-ms-lease-action': 'acquire'}),
    ('PUT', 'work/f', {'comp': 'lease'}, {'x-ms-lease-action': 'release', 'x-ms-lease-id': 'x'}),
    ('PUT', 'work', {'restype': 'share', 'comp': 'undelete'}, {}),
    ('PUT', 'work', {'restype': 'share', 'comp': 'filepermission'}, {}),
    ('POST', '', {'restype': 'service', 'comp': 'userdelegationkey'}, {}),
    ('PUT', 'work/l', {'restype': 'symboliclink'}, {'x-ms-link-text': '/etc/passwd'}),
    ('PUT', 'work/l', {'restype': 'hardlink'}, {'x-ms-file-target-file': '/work/f'}),
    ('GET', 'work/f', {'sharesnapshot': '2018-06-06T12:00:00.0000000Z'}, {}),
    ('GET', 'work/f', {'comp': 'rangelist', 'prevsharesnapshot': '2018-06-06T12:00:00.0000000Z'}, {}),
    ('PUT', 'new', {'restype': 'share'}, {'x-ms-enabled-protocols': 'NFS'}),
    ('PUT', 'work/new', {'restype': 'directory'}, {'x-ms-mode': '0777'})])
def test_what_there_is_not_is_refused_by_name(things, method, path, query, headers):
    text = things.refuse(400, 'FeatureNotSupported', things.request(method, path, headers=headers, **query))
    assert text.endswith('not supported by this service.')
    assert things.names()[0] == ['d/', 'f'] and not (things.root.parent / 'new').exists()


def test_a_lease_that_nobody_has_does_not_count(things):
    things.refuse(412, 'LeaseNotPresentWithFileOperation', things.delete('work/f', headers={'x-ms-lease-id': 'x'}))
    things.refuse(412, 'LeaseNotPresentWithContainerOperation',
                  things.delete('work', headers={'x-ms-lease-id': 'x'}, restype='share'))
    assert things.get('work/f').content == b'0123'


@pytest.mark.parametrize('path', ['work', 'work/d', 'work/f'])
def test_nobody_has_anything_open(things, path):
    shown = things.expect(200, things.get(path, comp='listhandles')).text
    assert '<Handle>' not in shown and '<Entries' in shown
    closed = things.expect(200, things.put(path, {'x-ms-handle-id': '*'}, comp='forceclosehandles')).headers
    assert (closed['x-ms-number-of-handles-closed'], closed['x-ms-number-of-handles-failed']) == ('0', '0')
    things.refuse(404, 'ResourceNotFound', things.get('work/none', comp='listhandles'))


def test_the_one_permission_is_shown(things):
    key = things.head('work/f').headers['x-ms-file-permission-key']
    shown = things.expect(200, things.get('work', {'x-ms-file-permission-key': key}, restype='share',
                                          comp='filepermission')).json()
    assert shown['permission'].startswith('O:')
    things.refuse(400, 'FileInvalidPermissionKey', things.get('work', {'x-ms-file-permission-key': 'x'},
                                                              restype='share', comp='filepermission'))
    things.expect(201, things.put('work/g', {'x-ms-content-length': '0', 'x-ms-file-permission-key': key}))


@pytest.mark.parametrize('method, path, query, code', [
    ('POST', 'work/f', {}, 'UnsupportedHttpVerb'),
    ('DELETE', 'work', {'restype': 'service'}, 'InvalidQueryParameterValue'),
    ('DELETE', 'work/f', {'comp': 'metadata'}, 'UnsupportedHttpVerb'),
    ('GET', 'work/f', {'comp': 'nothing'}, 'InvalidQueryParameterValue'),
    ('GET', 'work', {}, 'InvalidQueryParameterValue'), ('GET', '', {}, 'InvalidQueryParameterValue')])
def test_a_request_that_means_nothing_is_answered(things, method, path, query, code):
    found = things.request(method, path, **query)
    assert found.status_code in (400, 405) and found.headers['x-ms-error-code'] == code
    assert ENDPOINT not in found.text
