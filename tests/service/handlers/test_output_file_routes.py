import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from harness import NOON, auto, cluster_path, job_path, manual

JOB = job_path('j')


@pytest.fixture
def running(harness):
    """A job j that runs and has written a few files. `running.logs` and `running.model` are its folders."""
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j', outputDirectories=[{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP/out'},
                                           {'id': 'LATER', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP/later'}])
    harness.settle()
    environment = harness.engine.launches[harness.running_launch('j').id].tasks[0].environment
    harness.logs = Path(environment['AZ_BATCHAI_STDOUTERR_DIR'])
    harness.model = Path(environment['AZ_BATCHAI_OUTPUT_MODEL'])
    (harness.logs / 'stdout.txt').write_text('0123456789')
    (harness.model / 'sub').mkdir()
    (harness.model / 'sub' / 'deep.txt').write_text('deep')
    (harness.model / 'b.txt').write_text('')
    (harness.model / 'a.txt').write_text('aaaa')
    os.utime(harness.model / 'a.txt', (NOON + 5.9, NOON + 5.9))
    return harness


def listing(harness, which='MODEL', **query):
    query = {'outputdirectoryid': which, 'directory': '.', 'linkexpiryinminutes': '60', 'maxresults': '1000', **query}
    return harness.request('POST', f'{JOB}/listOutputFiles', params={k: v for k, v in query.items() if v is not None})


def names(response):
    assert response.status_code == 200, response.text
    return [entry['name'] for entry in response.json()['value']]


def link(harness, name='stdout.txt', which='stdouterr', **query):
    return next(entry['downloadUrl'] for entry in listing(harness, which, **query).json()['value']
                if entry['name'] == name)


def test_files_and_folders_come_by_name_and_not_from_below(running):
    response = listing(running)
    assert response.status_code == 200 and 'etag' not in response.headers
    first, second, third = response.json()['value']
    address = first.pop('downloadUrl')
    assert first == {'name': 'a.txt', 'fileType': 'file',
                     'properties': {'lastModified': '2018-06-06T12:00:05Z', 'contentLength': 4}}
    assert (second['name'], second['properties']['contentLength']) == ('b.txt', 0)
    assert third == {'name': 'sub', 'fileType': 'directory'}
    assert running.get(address, token=None).text == 'aaaa'


def test_a_folder_below_shows_bare_names(running):
    found = listing(running, directory='sub').json()['value']
    assert [entry['name'] for entry in found] == ['deep.txt']
    assert running.get(found[0]['downloadUrl'], token=None).text == 'deep'


def test_the_logs_have_an_id_of_their_own_in_any_case(running):
    for which in ('stdouterr', 'stdOuterr', 'STDOUTERR'):
        assert names(listing(running, which)) == ['execution.log', 'stdout.txt']
    assert names(listing(running, 'model')) == ['a.txt', 'b.txt', 'sub']


def test_the_other_parameters_have_defaults(running):
    response = listing(running, directory=None, linkexpiryinminutes=None, maxresults=None)
    assert names(response) == ['a.txt', 'b.txt', 'sub']
    assert parse_qs(urlsplit(response.json()['value'][0]['downloadUrl']).query)['se'] == ['2018-06-06T13:00:00Z']


@pytest.mark.parametrize('limit, expected', [('1', ['a.txt']), ('2', ['a.txt', 'b.txt'])])
def test_maxresults_cuts_the_list(running, limit, expected):
    assert names(listing(running, maxresults=limit)) == expected


def test_an_unknown_directory_id_is_answered_with_those_there_are(running):
    response = listing(running, 'MODLE')
    error = response.json()['error']
    assert (response.status_code, error['target']) == (400, 'outputdirectoryid')
    assert "'MODLE'" in error['message'] and 'stdouterr, MODEL, LATER' in error['message']
    missing = listing(running, None)
    assert missing.status_code == 400 and 'is required' in missing.json()['error']['message']


@pytest.mark.parametrize('query, target', [
    ({'linkexpiryinminutes': '4'}, 'linkexpiryinminutes'), ({'linkexpiryinminutes': '601'}, 'linkexpiryinminutes'),
    ({'linkexpiryinminutes': 'x'}, 'linkexpiryinminutes'), ({'maxresults': '0'}, 'maxresults'),
    ({'directory': '..'}, 'directory'), ({'directory': 'sub/../..'}, 'directory'),
    ({'directory': '/../..'}, 'directory'),
    ({'directory': 'a\x00b'}, 'directory'), ({'directory': 'a.txt'}, 'directory'),
])
def test_a_bad_parameter_is_refused(running, query, target):
    response = listing(running, **query)
    assert (response.status_code, response.json()['error']['target']) == (400, target)


@pytest.mark.parametrize('directory', ['missing', 'sub/missing', 'etc', 'x' * 300, 'x/' * 3000])
def test_a_folder_that_is_not_there_is_404(running, directory):
    response = listing(running, directory=directory)
    assert (response.status_code, response.json()['error']['code']) == (404, 'DirectoryNotFound')


def test_before_a_job_starts_there_is_nothing(harness):
    harness.make_cluster()
    harness.submit('j')
    assert listing(harness, 'stdouterr').json() == {'value': []}


def test_a_link_out_of_the_folder_is_neither_listed_nor_served(running):
    (running.model / 'leak').symlink_to('/etc/passwd')
    (running.model / 'up').symlink_to(running.data_dir)
    assert names(listing(running)) == ['a.txt', 'b.txt', 'sub']
    assert listing(running, directory='up').status_code == 400
    address = link(running, 'a.txt', 'MODEL')
    (running.model / 'a.txt').unlink()
    (running.model / 'a.txt').symlink_to('/etc/passwd')
    assert running.get(address, token=None).status_code == 404


def test_what_a_job_leaves_lying_about_does_not_break_the_list(running):
    os.mkfifo(running.model / 'pipe')
    (running.model / 'loop').symlink_to('loop')
    (running.model / 'dangling').symlink_to('nowhere')
    assert names(listing(running)) == ['a.txt', 'b.txt', 'sub']


def test_a_name_that_is_not_utf_8_does_not_hide_the_other_files(running):
    try:
        (running.model / os.fsdecode(b'caf\xe9.txt')).write_text('x')
    except OSError:
        return  # a file system that has no such names cannot trip over them
    assert {'a.txt', 'b.txt', 'sub'} <= set(names(listing(running)))


# links

@pytest.mark.parametrize('name', ['plain.txt', 'two words.txt', 'ümläut.txt', 'hash#1.txt', 'what?.txt', '100%.txt',
                                  '%41.txt', 'a&b=c;d+e.txt', "quote'\".txt", 'new\nline.txt', 'tab\t.txt', '日本.txt',
                                  'back\\slash.txt', ' ', '-', '~', '...', 'a:b'])
def test_a_file_of_any_name_can_be_downloaded(running, name):
    (running.model / name).write_text('content')
    response = running.get(link(running, name, 'MODEL'), token=None)
    assert (response.status_code, response.text) == (200, 'content')


def test_a_link_needs_no_token_and_gives_the_bytes(running):
    response = running.get(link(running), token=None)
    assert (response.status_code, response.content) == (200, b'0123456789')
    assert response.headers['content-type'] == 'application/octet-stream'
    assert response.headers['accept-ranges'] == 'bytes'
    assert 'last-modified' in response.headers
    head = running.request('HEAD', link(running), token=None)
    assert (head.status_code, head.content, head.headers['content-length']) == (200, b'', '10')


@pytest.mark.parametrize('asked, status, content', [
    ('bytes=0-', 206, b'0123456789'), ('bytes=4-', 206, b'456789'), ('bytes=2-3', 206, b'23'),
    ('bytes=-3', 206, b'789'), ('bytes=10-', 416, None), ('bytes=9-', 206, b'9'), ('bytes=5-500', 206, b'56789'),
])
def test_ranges_are_honoured(running, asked, status, content):
    response = running.get(link(running), token=None, headers={'range': asked})
    assert response.status_code == status, response.text
    if content is not None:
        assert response.content == content
        assert response.headers['content-range'].endswith('/10')


def test_streaming_reads_what_was_added_since(running):
    address, seen = link(running), b''
    for added in (b'', b'ab', b'', b'cd'):
        with open(running.logs / 'stdout.txt', 'ab') as file:
            file.write(added)
        response = running.get(address, token=None, headers={'range': f'bytes={len(seen)}-'})
        if response.is_success:
            seen += response.content
    assert seen == b'0123456789abcd'


def test_a_file_that_has_no_byte_yet_can_be_streamed(running):
    (running.logs / 'stderr.txt').touch()
    address = link(running, 'stderr.txt')
    response = running.get(address, token=None, headers={'range': 'bytes=0-'})
    assert response.status_code in (200, 206, 416) and (response.status_code == 416 or response.content == b'')


@pytest.mark.parametrize('tamper', [
    pytest.param(lambda url: url.replace('stdout.txt', 'execution.log'), id='another file'),
    pytest.param(lambda url: url.replace('/stdouterr/', '/MODEL/'), id='another directory'),
    pytest.param(lambda url: url.replace('sp=r', 'sp=rw'), id='more permission'),
    pytest.param(lambda url: url.replace('2018-06-06T13', '2028-06-06T13'), id='a later end'),
    pytest.param(lambda url: url[:-1] + ('0' if url[-1] != '0' else '1'), id='another signature'),
    pytest.param(lambda url: url.partition('?')[0], id='no signature'),
    pytest.param(lambda url: url.replace('stdout.txt', '%2e%2e/stdouterr/stdout.txt'), id='a way around'),
    pytest.param(lambda url: url.replace('stdout.txt', '%2e/stdout.txt'), id='a detour'),
    pytest.param(lambda url: url.replace('stdout.txt', '/etc/passwd'), id='an absolute path'),
])
def test_a_link_of_which_anything_was_changed_is_refused(running, tamper):
    address = link(running)
    tampered = tamper(address)
    assert tampered != address
    response = running.get(tampered, token=None)
    assert (response.status_code, response.json()['error']['code']) == (403, 'AuthenticationFailed')


def test_a_link_expires(running):
    address = link(running, linkexpiryinminutes='5')
    running.now += 299
    assert running.get(address, token=None).status_code == 200
    running.now += 1
    assert running.get(address, token=None).status_code == 403


def test_a_link_to_a_file_that_is_gone_is_404(running):
    address = link(running)
    (running.logs / 'stdout.txt').unlink()
    response = running.get(address, token=None)
    assert (response.status_code, response.json()['error']['code']) == (404, 'ResourceNotFound')


def test_a_link_to_a_job_that_is_gone_is_404(running):
    address = link(running)
    running.delete(JOB)
    running.settle()
    assert running.get(address, token=None).status_code == 404


def test_a_link_is_good_for_reading_only(running):
    address = link(running)
    for method in ('PUT', 'DELETE', 'POST'):
        assert running.request(method, address, token=None).status_code == 405
    assert (running.logs / 'stdout.txt').read_text() == '0123456789'


# what stays

def finish(harness):
    (harness.logs / 'stdout.txt').write_text('0123456789')
    harness.end('j')
    assert harness.state('j') == 'succeeded'


def test_output_is_still_there_when_the_job_has_ended(running):
    finish(running)
    assert names(listing(running, 'stdouterr')) == ['execution.log', 'stdout.txt']
    assert running.get(link(running), token=None).text == '0123456789'


def test_output_on_the_nodes_own_disk_outlives_the_node(running):
    finish(running)
    running.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(0)}})
    running.settle()
    assert running.counts() == {}
    assert running.get(link(running), token=None).text == '0123456789'


def test_output_on_the_nodes_own_disk_outlives_the_next_job(running):
    finish(running)
    running.submit('next')
    running.settle()
    assert running.state('next') == 'running'
    assert running.get(link(running), token=None).text == '0123456789'


SHARE = {'azureFileShares': [{'accountName': 'acct', 'azureFileUrl': 'https://acct.file.core.windows.net/share',
                              'relativeMountPath': 'afs', 'credentials': {}}]}


@pytest.mark.parametrize('cluster, job', [
    pytest.param({'nodeSetup': {'mountVolumes': SHARE}}, {'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs'},
                 id='mounted by the cluster'),
    pytest.param({}, {'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_MOUNT_ROOT/afs', 'mountVolumes': SHARE},
                 id='mounted by the job'),
])
def test_output_on_a_share_stays_listed_when_mount_and_cluster_are_gone(harness, cluster, job):
    harness.make_cluster(scaleSettings=auto(0, 1), **cluster)
    harness.submit('j', **job)
    harness.settle()
    environment = harness.engine.launches[harness.running_launch('j').id].tasks[0].environment
    (Path(environment['AZ_BATCHAI_STDOUTERR_DIR']) / 'stdout.txt').write_text('kept')
    share = harness.data_dir / 'storage' / 'acct' / 'file' / 'share'
    assert len(list(share.rglob('stdout.txt'))) == 1
    harness.end('j')
    assert harness.get(link(harness), token=None).text == 'kept'
    harness.delete(cluster_path('c'))
    harness.settle()
    assert harness.get(cluster_path('c')).status_code == 404
    assert harness.get(link(harness), token=None).text == 'kept'
    harness.delete(JOB)
    harness.settle()
    assert len(list(share.rglob('stdout.txt'))) == 1, 'output on a share is the user\'s and stays'


def test_what_the_service_may_not_read_is_refused(running, monkeypatch):
    address = link(running)

    def denied(*_):
        raise PermissionError(13, 'Permission denied')
    monkeypatch.setattr('azext_batchai.service.handlers.output_files.os.open', denied)
    assert running.get(address, token=None).status_code == 404
    monkeypatch.setattr('azext_batchai.service.handlers.output_files.list_folder', denied)
    response = listing(running)
    assert (response.status_code, response.json()['error']['code']) == (409, 'DirectoryNotReadable')
