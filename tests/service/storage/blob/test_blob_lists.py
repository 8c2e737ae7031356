"""Lists of blobs and of containers, flat and by folders, in pages."""
from __future__ import annotations

import os

import pytest
from blob_client import Page, refused

NAMES = ['a', 'a-b', 'a.txt', 'a/1', 'a/2/x', 'a0', 'b c', 'ü', '日本/本']


@pytest.fixture
def filled(blobs):
    for name in reversed(NAMES):
        blobs.upload(f'work/{name}' if name != 'a' else 'work/A', b'x' * len(name))
    return blobs


EXPECTED = sorted(['A', *NAMES[1:]])


def test_blobs_come_in_the_order_of_their_whole_names(filled):
    assert filled.list().names == EXPECTED


@pytest.mark.parametrize('size', [1, 2, 3, 8, 9, 10, 5000])
def test_pages_of_any_size_give_each_blob_once(filled, size):
    names, count = filled.all_pages(maxresults=size)
    assert names == EXPECTED and count == -(-len(EXPECTED) // size)


@pytest.mark.parametrize('size', [1, 2, 100])
@pytest.mark.parametrize(('query', 'expected'), [
    ({'prefix': 'a'}, ['a-b', 'a.txt', 'a/1', 'a/2/x', 'a0']), ({'prefix': 'a/'}, ['a/1', 'a/2/x']),
    ({'prefix': 'a/2'}, ['a/2/x']), ({'prefix': 'a/2/x'}, ['a/2/x']), ({'prefix': 'none/'}, []),
    ({'prefix': 'a-b/'}, []), ({'prefix': '日'}, ['日本/本']), ({'prefix': '../'}, []), ({'prefix': '/'}, []),
    ({'delimiter': '/'}, ['A', 'a-b', 'a.txt', 'a/', 'a0', 'b c', 'ü', '日本/']),
    ({'delimiter': '/', 'prefix': 'a/'}, ['a/1', 'a/2/']), ({'delimiter': '/', 'prefix': 'a'},
                                                            ['a-b', 'a.txt', 'a/', 'a0']),
    ({'delimiter': '/', 'prefix': 'a/2'}, ['a/2/']), ({'delimiter': '-'}, ['A', 'a-', *EXPECTED[2:]]),
    ({'startFrom': 'a/1'}, ['a/1', 'a/2/x', 'a0', 'b c', 'ü', '日本/本']),
    ({'delimiter': '/2'}, ['A', 'a-b', 'a.txt', 'a/1', 'a/2', 'a0', 'b c', 'ü', '日本/本'])])
def test_prefix_and_delimiter_choose_and_fold(filled, query, expected, size):
    assert filled.all_pages(maxresults=size, **query)[0] == expected


def test_folded_names_are_told_from_blobs(filled):
    root = filled.list(delimiter='/').root
    assert [node.findtext('Name') for node in root.findall('Blobs/BlobPrefix')] == ['a/', '日本/']
    assert root.get('ContainerName') == 'work' and root.get('ServiceEndpoint').endswith('/demobatchaicli/')


def test_folders_without_blobs_are_not_listed(blobs):
    (blobs.folder / 'empty/inner').mkdir(parents=True)
    blobs.upload('work/full/inner/x', b'')
    assert blobs.list().names == ['full/inner/x']
    assert blobs.list(delimiter='/').names == ['full/']


def test_what_is_said_of_a_blob_is_the_same_as_in_its_headers(blobs):
    blobs.upload('work/blob', b'12345', x_ms_blob_content_type='text/plain', x_ms_meta_k='v & w',
                 x_ms_blob_cache_control='no-cache')
    said, listed = blobs.head('work/blob').headers, blobs.list(include='metadata,copy')
    found = listed.properties('blob')
    assert {name: found[name] for name in ('Content-Length', 'Content-Type', 'Content-MD5', 'Cache-Control',
                                           'Last-Modified', 'Creation-Time', 'BlobType', 'AccessTier')} == {
        'Content-Length': '5', 'Content-Type': 'text/plain', 'Content-MD5': said['content-md5'],
        'Cache-Control': 'no-cache', 'Last-Modified': said['last-modified'],
        'Creation-Time': said['x-ms-creation-time'], 'BlobType': 'BlockBlob', 'AccessTier': 'Hot'}
    assert f'"{found["Etag"]}"' == said['etag']
    assert listed.metadata('blob') == {'k': 'v & w'} and blobs.list().metadata('blob') == {}


def test_links_to_files_inside_are_blobs_and_links_to_folders_or_outside_are_not_listed(blobs, tmp_path):
    blobs.upload('work/real/file', b'x')
    (blobs.folder / 'latest').symlink_to('real/file')
    (blobs.folder / 'folder').symlink_to('real')
    (blobs.folder / 'real/up').symlink_to('..')
    (blobs.folder / 'real/self').symlink_to('self')
    (blobs.folder / 'away').symlink_to(tmp_path)
    (blobs.folder / 'passwd').symlink_to('/etc/passwd')
    assert blobs.list().names == ['latest', 'real/file']
    assert blobs.list(delimiter='/').names == ['latest', 'real/']
    assert blobs.list(prefix='folder/').names == ['folder/file']
    assert blobs.get('work/folder/file').content == blobs.get('work/latest').content == b'x'


def test_folders_that_lead_to_each_other_end(blobs):
    for name in 'abcdefgh':
        (blobs.folder / name).mkdir()
        for other in 'abcdefgh'.replace(name, ''):
            (blobs.folder / name / other).symlink_to(f'../{other}')
    blobs.upload('work/a/blob', b'x')
    assert blobs.list().names == ['a/blob']


def test_names_of_jobs_that_no_client_can_ask_for_are_left_out(blobs):
    for name in (b'\xff\xfe', b'back\\slash', b'bell\x07', b'ok'):
        with open(os.fsencode(blobs.folder) + b'/' + name, 'wb'):
            pass
    assert blobs.list().names == ['ok']


def test_a_name_that_xml_cannot_carry_comes_encoded(blobs):
    (blobs.folder / 'odd\ufffe').write_bytes(b'x')
    name = blobs.list().root.find('Blobs/Blob/Name')
    assert (name.text, name.get('Encoded')) == ('odd%EF%BF%BE', 'true')
    assert blobs.get('work/odd\ufffe').content == b'x'


def test_a_thousand_blobs_come_in_one_page_and_in_pages(blobs):
    (blobs.folder / 'many').mkdir()
    for number in range(1000):
        (blobs.folder / f'many/{number:04d}').write_bytes(b'x')
    expected = [f'many/{number:04d}' for number in range(1000)]
    assert blobs.list(prefix='many/').names == expected
    assert blobs.all_pages(maxresults=300) == (expected, 4)


@pytest.mark.parametrize(('query', 'name'), [
    ({'marker': 'rubbish'}, 'marker'), ({'marker': 'eHk='}, 'marker'), ({'maxresults': '0'}, 'maxresults'),
    ({'maxresults': 'x'}, 'maxresults'), ({'include': 'uncommittedblobs'}, 'include'), ({'include': 'odd'}, 'include')])
def test_a_parameter_that_is_none_is_named(blobs, query, name):
    reply = blobs.get('work', restype='container', comp='list', **query)
    assert refused(reply, 400, 'InvalidQueryParameterValue') and f'The query parameter {name} ' in reply.text


def test_containers_are_listed_with_prefix_pages_and_metadata(blobs):
    for name in ('alpha', 'beta', 'bravo'):
        blobs.put(name, restype='container', headers={'x-ms-meta-name': name})
    (blobs.folder.parent / 'made-by-a-mount').mkdir()
    (blobs.folder.parent / 'No_Container').mkdir()

    def pages(marker='', **query):
        page = Page(blobs.get('', comp='list', marker=marker, **query).content)
        return page.names + (pages(page.marker, **query) if page.marker else [])
    for size in (1, 2, 5000):
        assert pages(maxresults=size) == ['alpha', 'beta', 'bravo', 'made-by-a-mount', 'work']
    assert pages(prefix='b') == ['beta', 'bravo']
    assert Page(blobs.get('', comp='list', include='metadata').content).metadata('beta') == {'name': 'beta'}


def test_a_link_lists_what_it_permits_to_list(blobs):
    query = {'restype': 'container', 'comp': 'list'}
    assert blobs.get('work', link=blobs.link('work', 'l', sr='c'), **query).status_code == 200
    assert refused(blobs.get('work', link=blobs.link('work', 'rwd', sr='c'), **query), 403,
                   'AuthorizationPermissionMismatch')
    blobs.put('other', restype='container')
    assert refused(blobs.get('other', link=blobs.link('work', 'l', sr='c'), **query), 403, 'AuthenticationFailed')
    assert refused(blobs.get('', comp='list', link=blobs.link('', 'l', srt='co')), 403,
                   'AuthorizationResourceTypeMismatch')
    assert blobs.get('', comp='list', link=blobs.link('', 'l', srt='s')).status_code == 200
