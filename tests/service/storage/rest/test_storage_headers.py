"""ETags, conditions, ranges and content headers of what is stored."""
import os

import pytest

from azext_batchai.service.storage.rest import conditions, properties, ranges, xml
from azext_batchai.service.storage.rest.errors import StorageError
from azext_batchai.service.storage.rest.ranges import ByteRange
from azext_batchai.service.store.stored_files import NOTHING, FileNotes

ETAG = '"0x1"'
NOON = 1528286400.5
BEFORE, AT, AFTER = ('Wed, 06 Jun 2018 11:59:59 GMT', 'Wed, 06 Jun 2018 12:00:00 GMT',
                     'Wed, 06 Jun 2018 12:00:01 GMT')


def outcome(headers, etag=ETAG, modified=NOON, **more):
    try:
        conditions.check(headers, etag, modified, **more)
    except StorageError as error:
        return error.status
    return 200


@pytest.mark.parametrize('headers, writing, reading', [
    ({}, 200, 200), ({'if-match': ETAG}, 200, 200), ({'if-match': '*'}, 200, 200), ({'if-match': '"0x2"'}, 412, 412),
    ({'if-match': '0x1'}, 200, 200), ({'if-match': f'"0x2", {ETAG}'}, 200, 200),
    ({'if-none-match': ETAG}, 412, 304), ({'if-none-match': '*'}, 412, 304), ({'if-none-match': '"0x2"'}, 200, 200),
    ({'if-modified-since': BEFORE}, 200, 200), ({'if-modified-since': AT}, 412, 304),
    ({'if-modified-since': AFTER}, 412, 304), ({'if-unmodified-since': BEFORE}, 412, 412),
    ({'if-unmodified-since': AT}, 200, 200), ({'if-unmodified-since': AFTER}, 200, 200),
    ({'if-match': ETAG, 'if-unmodified-since': BEFORE}, 200, 200),
    ({'if-none-match': '"0x2"', 'if-modified-since': AFTER}, 200, 200),
    ({'if-modified-since': 'yesterday'}, 400, 400), ({'if-unmodified-since': ''}, 200, 200)])
def test_conditions_hold_or_not(headers, writing, reading):
    assert (outcome(headers), outcome(headers, reading=True)) == (writing, reading)


@pytest.mark.parametrize('headers, status', [
    ({'if-match': '*'}, 412), ({'if-match': ETAG}, 412), ({'if-none-match': '*'}, 200),
    ({'if-unmodified-since': BEFORE}, 200)])
def test_of_what_is_not_there_no_condition_holds_but_that_it_is_not(headers, status):
    assert outcome(headers, None, None) == status


def test_conditions_on_the_source_of_a_copy_have_names_of_their_own():
    assert outcome({'x-ms-source-if-match': '"0x2"'}) == 200
    assert outcome({'x-ms-source-if-match': '"0x2"'}, prefix='x-ms-source-') == 412


@pytest.mark.parametrize('headers, size, expected', [
    ({}, 10, None), ({'range': 'bytes=0-'}, 10, ByteRange(0, 10)), ({'range': 'bytes=3-5'}, 10, ByteRange(3, 3)),
    ({'range': 'bytes=3-99'}, 10, ByteRange(3, 7)), ({'x-ms-range': 'bytes=9-'}, 10, ByteRange(9, 1)),
    ({'x-ms-range': 'bytes=1-1', 'range': 'bytes=2-2'}, 10, ByteRange(1, 1)),
    ({'range': 'bytes=-5'}, 10, None), ({'range': 'lines=1-2'}, 10, None), ({'range': 'bytes=1-2,4-5'}, 10, None),
    ({'range': 'bytes=٣-'}, 10, None), ({'range': 'bytes=10-'}, 10, 416), ({'range': 'bytes=0-'}, 0, 416),
    ({'range': 'bytes=5-3'}, 10, 416), ({'range': f'bytes={10**17}-'}, 10, 416)])
def test_a_range_is_what_of_it_is_there(headers, size, expected):
    if expected == 416:
        with pytest.raises(StorageError) as refused:
            ranges.asked_range(headers, size)
        assert (refused.value.code, refused.value.headers) == ('InvalidRange', {'content-range': f'bytes */{size}'})
    else:
        assert ranges.asked_range(headers, size) == expected


@pytest.mark.parametrize('headers, expected', [
    ({'x-ms-range': 'bytes=0-511'}, ByteRange(0, 512)), ({'range': 'bytes=5-5'}, ByteRange(5, 1)),
    ({}, 'MissingRequiredHeader'), ({'range': 'bytes=5-'}, 'InvalidHeaderValue'),
    ({'x-ms-range': 'bytes=5-4'}, 'InvalidHeaderValue'), ({'x-ms-range': 'x'}, 'InvalidHeaderValue')])
def test_a_range_to_write_has_two_ends(headers, expected):
    if isinstance(expected, str):
        with pytest.raises(StorageError) as refused:
            ranges.said_range(headers)
        assert (refused.value.status, refused.value.code) == (400, expected)
    else:
        assert ranges.said_range(headers) == expected


def test_a_part_says_where_it_is_from():
    assert ByteRange(3, 5).content_range(20) == 'bytes 3-7/20'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'file'
    path.write_text('content')
    return path


def test_an_etag_changes_with_the_content_and_with_what_is_said_of_it(file):
    first = properties.etag(file.stat(), NOTHING)
    assert first == properties.etag(file.stat(), NOTHING) and first.startswith('"0x')
    others = {properties.etag(file.stat(), FileNotes(changed=1))}
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    others.add(properties.etag(file.stat(), NOTHING))
    file.write_text('other content')
    others.add(properties.etag(file.stat(), NOTHING))
    new = file.with_name('new')
    new.write_text('other content')
    os.utime(new, ns=(0, file.stat().st_mtime_ns))
    others.add(properties.etag(new.stat(), NOTHING))
    assert len(others | {first}) == 5


def test_the_later_of_content_and_notes_is_when_it_was_modified(file):
    os.utime(file, ns=(0, int(NOON * 1e9)))
    assert properties.version_headers(file.stat(), NOTHING)['last-modified'] == AT
    later = FileNotes(changed=int(NOON * 1e9) + 10**9)
    assert properties.version_headers(file.stat(), later)['last-modified'] == AFTER


def test_an_md5_is_told_until_the_content_changes_and_the_rest_stays(file):
    notes = properties.with_md5(FileNotes({'content-language': 'de'}, {'a': '1'}), 'bWQ1', file.stat())
    assert properties.content_headers(file.stat(), notes) == {
        'content-type': 'application/octet-stream', 'content-language': 'de', 'content-md5': 'bWQ1'}
    file.write_text('a job wrote this')
    assert properties.content_headers(file.stat(), notes) == {
        'content-type': 'application/octet-stream', 'content-language': 'de'}
    assert properties.metadata_headers(notes) == {'x-ms-meta-a': '1'}


def test_content_headers_are_taken_from_a_request():
    given = {'x-ms-blob-content-type': 'text/html', 'x-ms-blob-cache-control': '', 'x-ms-content-language': 'de'}
    assert properties.given_headers(given, 'x-ms-blob-') == {'content-type': 'text/html'}
    assert properties.given_headers(given, 'x-ms-') == {'content-language': 'de'}
    with pytest.raises(StorageError):
        properties.given_headers({'x-ms-content-type': 'a\r\nb'}, 'x-ms-')


@pytest.mark.parametrize('metadata, code', [
    ({'a': '1', '_b2': 'ü'}, None), ({'1a': ''}, 'InvalidMetadata'), ({'a-b': ''}, 'InvalidMetadata'),
    ({'': ''}, 'InvalidMetadata'), ({'ä': ''}, 'InvalidMetadata'), ({'a': 'x' * 8192}, 'MetadataTooLarge'),
    ({'a': 'b\nc'}, 'InvalidHeaderValue')])
def test_metadata_has_names_that_are_identifiers(metadata, code):
    if code is None:
        assert properties.check_metadata(metadata) == metadata
        return
    with pytest.raises(StorageError) as refused:
        properties.check_metadata(metadata)
    assert (refused.value.status, refused.value.code) == (400, code)


# XML

def test_values_become_xml():
    made = xml.document('A', {'B': 'x<&>"\r\n', 'C': None, 'D': True, 'E': 5, 'F': {'G': ''},
                              'H': [xml.element('I', i, {'n': '"<'}) for i in (1, 2)]})
    root = xml.parse(made)
    assert [child.tag for child in root] == ['B', 'D', 'E', 'F', 'H']
    assert (root.findtext('B'), root.findtext('D'), root.findtext('E')) == ('x<&>"\r\n', 'true', '5')
    assert [(child.text, child.get('n')) for child in root.find('H')] == [('1', '"<'), ('2', '"<')]


@pytest.mark.parametrize('content', [
    b'', b'<a>', b'text', b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b'<a>&b;</a>', b'\xff\xfe<\x00a\x00/\x00>\x00',
    '<?xml version="1.0" encoding="utf-16"?><a/>'.encode('utf-16-be'),
    b'<a>\x00</a>', b'<a>\xff</a>'])
def test_what_is_no_plain_xml_is_refused(content):
    with pytest.raises(xml.Malformed):
        xml.parse(content)


@pytest.mark.parametrize('name, writable', [('ü\t', True), ('\x01', False), ('\ufffe', False), ('\U0001f600', True)])
def test_names_that_xml_cannot_carry_are_known(name, writable):
    assert xml.is_writable(name) == writable


@pytest.mark.parametrize('content', ['<a>ü</a>', '\ufeff<a>ü</a>', '<?xml version="1.0" encoding="utf-8"?><a>ü</a>'])
def test_xml_is_read_as_utf_8(content):
    assert xml.parse(content.encode('utf-8')).text == 'ü'
