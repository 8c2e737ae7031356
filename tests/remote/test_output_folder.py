from contextlib import contextmanager
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import AzureConnectionError

from azext_batchai.remote.output_folder import OutputFolder
from azext_batchai.remote.remote_job import RemoteJob
from azext_batchai.remote.trouble import ConnectionLost, LinkExpired, Rewritten
from fakes import not_found

NOON = datetime(2018, 6, 6, 12, tzinfo=timezone.utc)


def item(name, size=None, link=None):
    return SimpleNamespace(name=name, content_length=size, last_modified=NOON if link else None, download_url=link)


def folder_of(answer, path='.', reconnected=None):
    """`answer(directory)` is what the service lists there. The folder remembers what it was asked in `asked`."""
    asked = []

    def list_output_files(group, workspace, experiment, job, options):
        asked.append((options.outputdirectoryid, options.directory))
        return answer(options.directory)
    client = SimpleNamespace(connection='here', jobs=SimpleNamespace(list_output_files=list_output_files))
    folder = OutputFolder(RemoteJob(client, 'g', 'w', 'e', 'j', reconnected), 'MODEL', path)
    folder.asked = asked
    return folder


class FakeReader:
    """Answers with `status` and `headers`, or fails."""

    def __init__(self, status=206, content=b'', error=None, **headers):
        self.response = SimpleNamespace(
            status_code=status, headers={name.replace('_', '-'): value for name, value in headers.items()},
            iter_content=lambda size: iter([content]))
        self.error = error
        self.requested = []

    @contextmanager
    def answer(self, link, headers):
        self.requested.append((link, headers))
        if self.error:
            raise self.error
        yield self.response


def read(reader, offset=0, version='', folder=None):
    folder = folder or folder_of(lambda directory: [])
    folder._reader = reader
    with folder.opened('https://h/x', offset, version) as content:
        return content


@pytest.mark.parametrize('path, inner, asked', [
    ('.', '', '.'), ('.', 'a/b', 'a/b'), ('x/y', '', 'x/y'), ('x', 'a', 'x/a')])
def test_folders_are_asked_for_from_the_top_of_the_output_directory(path, inner, asked):
    folder = folder_of(lambda directory: [], path)
    folder.listed(inner)
    assert folder.asked == [('MODEL', asked)]


def test_files_and_folders_are_told_apart():
    listing = folder_of(lambda directory: [item('a', 3, 'https://h/a'), item('sub'), item('zero', 0, 'https://h/z')]
                        ).listed()
    assert listing.folders == ['sub']
    assert [(file.name, file.size, file.modified) for file in listing.files] == [
        ('a', 3, 1528286400), ('zero', 0, 1528286400)]


def test_a_folder_that_is_gone_is_empty_but_the_one_asked_for_is_an_error():
    def missing(directory):
        raise not_found('DirectoryNotFound')
    assert folder_of(missing).listed('sub').files == []
    with pytest.raises(Exception, match='DirectoryNotFound'):
        folder_of(missing).listed()


def test_a_range_is_asked_for_only_of_the_known_version():
    reader = FakeReader(content=b'def', Content_Range='bytes 3-5/6', ETag='"v"',
                        Last_Modified='Wed, 06 Jun 2018 12:00:00 GMT')
    content = read(reader, 3, '"v"')
    assert reader.requested == [('https://h/x', {'Range': 'bytes=3-', 'If-Range': '"v"'})]
    assert (content.version, content.modified, content.start, content.size) == ('"v"', 1528286400, 3, 6)
    assert b''.join(content.blocks) == b'def'


def test_the_first_request_names_no_version():
    reader = FakeReader(content=b'abc', Content_Range='bytes 0-2/3', ETag='"v"')
    assert read(reader).start == 0
    assert reader.requested == [('https://h/x', {'Range': 'bytes=0-'})]


def test_the_whole_file_in_place_of_a_range_begins_at_its_start():
    content = read(FakeReader(200, b'abcdef', Content_Length='6', ETag='"new"'), 3, '"v"')
    assert (content.version, content.start, content.size) == ('"new"', 0, 6)


def test_without_an_etag_the_time_is_the_version():
    content = read(FakeReader(200, b'abc', Content_Length='3', Last_Modified='Wed, 06 Jun 2018 12:00:00 GMT'))
    assert content.version == 'Wed, 06 Jun 2018 12:00:00 GMT'


@pytest.mark.parametrize('headers', [{}, {'Last_Modified': 'yesterday'}])
def test_without_a_time_none_is_claimed(headers):
    content = read(FakeReader(200, b'abc', Content_Length='3', **headers))
    assert content.modified is None


def test_nothing_beyond_the_whole_of_the_known_version_means_it_is_complete():
    content = read(FakeReader(416, Content_Range='bytes */6'), 6, '"v"')
    assert (content.version, content.start, content.size, list(content.blocks)) == ('"v"', 6, 6, [])


def test_nothing_in_a_file_that_has_become_empty():
    content = read(FakeReader(416, Content_Range='bytes */0'))
    assert (content.start, content.size) == (0, 0)


@pytest.mark.parametrize('offset, version, size', [(6, '"v"', 4), (6, '"v"', 9), (6, '', 6)])
def test_a_file_too_short_for_what_is_there_is_another_one(offset, version, size):
    with pytest.raises(Rewritten):
        read(FakeReader(416, Content_Range=f'bytes */{size}'), offset, version)


@pytest.mark.parametrize('error', [ConnectionLost('away'), AzureConnectionError('not trusted')])
def test_a_lost_connection_stays_the_trouble_while_the_service_is_where_it_was(error):
    folder = folder_of(lambda directory: [], reconnected=lambda: SimpleNamespace(connection='here'))
    with pytest.raises(type(error)):
        read(FakeReader(error=error), folder=folder)
    assert folder._reader is None


def test_after_a_move_of_the_service_the_link_is_asked_for_again():
    moved = SimpleNamespace(connection='there')
    folder = folder_of(lambda directory: [], reconnected=lambda: moved)
    with pytest.raises(LinkExpired, match='moved'):
        read(FakeReader(error=ConnectionLost('away')), folder=folder)
    assert folder.job.client is moved
