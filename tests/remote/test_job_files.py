from types import SimpleNamespace

import pytest
import requests
from azure.cli.core.azclierror import AzureConnectionError

from azext_batchai.arm.held_requests import folder_digest
from azext_batchai.remote.job_files import FileEntry, RemoteJobFiles
from azext_batchai.remote.remote_job import RemoteJob
from azext_batchai.remote.trouble import ConnectionLost, JobGone, LinkExpired, Rewritten, Trouble
from fakes import ELSEWHERE, HERE, client_at, failing, not_found

LINK = 'https://127.0.0.1:1/f'


def files_of(client, reconnected=None):
    return RemoteJobFiles(RemoteJob(client, 'g', 'w', 'e', 'j', reconnected), 'stdouterr', 'sub')


def item(name, size=None, link=LINK):
    return SimpleNamespace(name=name, download_url=link, content_length=size)


def test_files_are_listed_and_folders_are_not():
    listed = []

    def list_output_files(*arguments, headers):
        listed.append((arguments[:4], arguments[4].outputdirectoryid, arguments[4].directory, headers))
        return [item('f', 3), item('sub', None, None)]
    assert files_of(client_at(HERE, list_output_files=list_output_files)).entries() == [FileEntry('f', LINK, 3)]
    assert listed == [(('g', 'w', 'e', 'j'), 'stdouterr', 'sub', {})]


def test_a_listing_may_be_held_while_it_is_the_one_that_was_seen():
    asked = []

    def list_output_files(*_, headers):
        asked.append(headers.get('Prefer'))
        return [item('f', 3), item('sub', None, None)]
    files = files_of(client_at(HERE, list_output_files=list_output_files))
    files.entries(5.0)
    files.entries(5.0)
    files.entries(2.0, growth=True)
    assert asked == [None, 'wait=5; names=' + folder_digest([('f', 0), ('sub', 0)]),
                     'wait=2; files=' + folder_digest([('f', 3), ('sub', 0)])]


def test_a_directory_that_is_not_there_yet_holds_no_file_yet():
    assert files_of(client_at(HERE, list_output_files=failing(not_found('DirectoryNotFound')))).entries() == []


def test_a_deleted_job_is_gone():
    with pytest.raises(JobGone):
        files_of(client_at(HERE, list_output_files=failing(not_found('JobNotFound')))).entries()


def test_a_link_to_where_the_service_was_is_asked_for_again(monkeypatch):
    files = files_of(client_at(HERE), lambda: client_at(ELSEWHERE))
    monkeypatch.setattr('requests.Session.get', failing(requests.exceptions.ConnectionError()))
    with pytest.raises(LinkExpired):
        list(files.read(LINK, 0))
    with pytest.raises(ConnectionLost):
        list(files.read('https://127.0.0.1:2/f', 0))


class Response:
    def __init__(self, status, content=b'', content_range=''):
        self.status_code, self.content, self.headers = status, content, {'Content-Range': content_range}

    def iter_content(self, size):
        return (self.content[start:start + 3] for start in range(0, len(self.content), 3))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize('offset, response, read', [
    (0, Response(200, b'0123456789'), b'0123456789'),
    (4, Response(206, b'456789'), b'456789'),
    (4, Response(200, b'0123456789'), b'456789'),
    (10, Response(416, content_range='*/10'), b''),
    (10, Response(416), b''),
], ids=['whole', 'range', 'range not honoured', 'nothing more', 'nothing more, no size'])
def test_a_file_is_read_from_where_reading_stopped(monkeypatch, offset, response, read):
    asked = []
    monkeypatch.setattr('requests.Session.get', lambda session, link, **options: asked.append(options) or response)
    assert b''.join(files_of(client_at(HERE)).read(LINK, offset, hold=2.0)) == read
    assert asked[0]['headers'] == {'Range': f'bytes={offset}-', 'Accept-Encoding': 'identity', 'Prefer': 'wait=2'}


@pytest.mark.parametrize('response, error', [
    (Response(416, content_range='*/9'), Rewritten), (Response(403), LinkExpired), (Response(404), LinkExpired),
    (Response(500), Trouble), (Response(302), Trouble)])
def test_an_answer_without_content_says_why(monkeypatch, response, error):
    monkeypatch.setattr('requests.Session.get', lambda *_, **__: response)
    with pytest.raises(error):
        list(files_of(client_at(HERE)).read(LINK, 10))


def test_a_certificate_that_is_not_trusted_is_an_error_at_once_and_shows_no_signature(monkeypatch):
    problem = requests.exceptions.SSLError(f'{LINK}?sig=secret [SSL: CERTIFICATE_VERIFY_FAILED] unable to get issuer')
    monkeypatch.setattr('requests.Session.get', failing(problem))
    with pytest.raises(AzureConnectionError, match='not trusted') as caught:
        list(files_of(client_at(HERE)).read(LINK, 0))
    assert 'secret' not in str(caught.value)
