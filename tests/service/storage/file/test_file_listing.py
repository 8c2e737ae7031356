"""What is in a directory."""
from __future__ import annotations

import os
from xml.etree import ElementTree

import pytest


def entries(files, path='work', headers=None, **query):
    found = files.expect(200, files.get(path, headers, restype='directory', comp='list', **query))
    return ElementTree.fromstring(found.content)


def test_files_and_directories_are_listed_by_name_whoever_made_them(files):
    files.make_folder('work/sub')
    files.upload('work/sub/inner', b'x')
    files.upload('work/b', b'12345')
    (files.root / 'a').write_text('by a job')
    body = entries(files)
    assert [(item.tag, item.findtext('Name'), item.findtext('Properties/Content-Length'))
            for item in body.find('Entries')] == [('File', 'a', '8'), ('File', 'b', '5'), ('Directory', 'sub', None)]
    assert (body.get('ShareName'), body.get('DirectoryPath')) == ('work', '')
    assert entries(files, 'work/sub').get('DirectoryPath') == 'sub' and files.names('work/sub')[0] == ['inner']


def test_a_thousand_files_come_in_pages_and_each_once(files):
    names = sorted(f'f{number:04}' for number in range(1000))
    for name in names:
        (files.root / name).touch()
    seen, marker = [], ''
    while True:
        page, marker = files.names(maxresults=300, marker=marker)
        seen += page
        if not marker:
            break
        assert len(page) == 300
    assert seen == names
    assert files.names(prefix='f000')[0] == names[:10]


@pytest.mark.parametrize('query', [{'maxresults': '0'}, {'maxresults': 'many'}, {'marker': '%%'},
                                   {'include': 'Colour'}])
def test_a_page_that_cannot_be_is_refused(files, query):
    files.refuse(400, 'InvalidQueryParameterValue', files.get('work', restype='directory', comp='list', **query))


def test_details_are_those_of_the_file_itself(files):
    files.make('work/f', 3, x_ms_file_attributes='Hidden', x_ms_meta_a='b')
    files.make_folder('work/d')
    body = entries(files, include='timestamps,ETag,Attributes,PermissionKey')
    for item, shown in ((body.find('.//File'), files.head('work/f').headers),
                        (body.find('.//Directory'), files.get('work/d', restype='directory').headers)):
        said = item.find('Properties')
        assert item.findtext('Attributes') == shown['x-ms-file-attributes']
        assert item.findtext('PermissionKey') == shown['x-ms-file-permission-key']
        assert item.findtext('FileId') == shown['x-ms-file-id']
        assert said.findtext('Etag') == shown['etag'] and said.findtext('Last-Modified') == shown['last-modified']
        for tag in ('creation', 'change'):
            assert said.findtext(f'{tag.title()}Time') == shown[f'x-ms-file-{tag}-time']
        assert said.findtext('LastWriteTime') == shown['x-ms-file-last-write-time']
    assert body.findtext('DirectoryId') == str(files.root.stat().st_ino)
    plain = entries(files)
    assert plain.find('.//Etag') is None and plain.find('.//FileId') is None
    assert entries(files, headers={'x-ms-file-extended-info': 'true'}).find('.//FileId') is not None


def test_what_no_client_can_ask_for_is_left_out(files, tmp_path):
    (files.root / 'good').touch()
    (files.root / 'a\nb').touch()
    (files.root / 'back\\slash').touch()
    os.mkfifo(files.root / 'pipe')
    (files.root / 'out').symlink_to(tmp_path)
    (files.root / 'circle').symlink_to('.')
    (files.root / 'inside').symlink_to('good')
    (files.root / '.batchai-upload-1').touch()
    with open(os.path.join(os.fsencode(files.root), b'\xff'), 'w'):
        pass
    assert files.names()[0] == ['good', 'inside']


def test_a_name_that_xml_cannot_carry_is_encoded_for_clients_that_know_of_it(files):
    (files.root / 'a\ufffeb').touch()
    name = entries(files).find('.//Name')
    assert (name.text, name.get('Encoded')) == ('a%EF%BF%BEb', 'true')
    old = entries(files, headers={'x-ms-version': '2019-02-02'})
    assert old.find('.//Name') is None
    assert entries(files, prefix='a\ufffe').findtext('.//Name') == 'a%EF%BF%BEb'


def test_lists_of_what_is_no_directory_say_so(files):
    files.make('work/f')
    files.refuse(404, 'ResourceNotFound', files.get('work/f', restype='directory', comp='list'))
    files.refuse(404, 'ResourceNotFound', files.get('work/none', restype='directory', comp='list'))
    files.refuse(404, 'ShareNotFound', files.get('nowhere', restype='directory', comp='list'))
