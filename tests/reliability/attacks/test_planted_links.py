"""Links that a job puts in its output directory while somebody lists it or downloads from it."""
import os
import socket

import pytest
from harness import job_path, manual

from azext_batchai.service.handlers import output_files
from azext_batchai.service.storage import listing
from azext_batchai.service.storage.unlinked import open_unlinked

SECRET = 'secret-of-the-service'


@pytest.fixture
def output(harness):
    """A running job, and the folder of its logs."""
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j')
    harness.settle()
    (harness.data_dir / 'secret').write_text(SECRET)
    folder = harness.job_record('j').directories['stdouterr']
    harness.logs = type(harness.data_dir)(folder)
    return harness


def list_files(harness, **params):
    return harness.post(f'{job_path("j")}/listOutputFiles', params={'outputdirectoryid': 'stdouterr', **params})


def link_to(harness, name):
    """The download link of an ordinary file of that name, which is gone again."""
    file = harness.logs / name
    file.parent.mkdir(exist_ok=True)
    file.write_text('harmless')
    folder, _, base = name.rpartition('/')
    value = list_files(harness, directory=folder or '.').json()['value']
    url = next(entry['downloadUrl'] for entry in value if entry['name'] == base)
    file.unlink()
    return url


@pytest.mark.parametrize('target', ['secret', '/etc/shadow', '/proc/self/environ', '/proc/self/mem', '/dev/zero', '/'])
@pytest.mark.parametrize('headers', [{}, {'range': 'bytes=0-'}, {'range': 'bytes=0-3,5-7'}])
def test_a_link_planted_for_a_file_is_not_served(output, target, headers):
    url = link_to(output, 'log.txt')
    (output.logs / 'log.txt').symlink_to(output.data_dir / target)
    refused = output.get(url, token=None, headers=headers)
    assert refused.status_code == 404 and SECRET not in refused.text
    assert 'log.txt' not in [entry['name'] for entry in list_files(output).json()['value']]


def test_links_in_a_circle_and_sockets_and_pipes_are_not_served(output):
    url = link_to(output, 'log.txt')
    place = output.logs / 'log.txt'
    for plant in (lambda: place.symlink_to(place), lambda: os.mkfifo(place), lambda: place.mkdir()):
        plant()
        assert output.get(url, token=None).status_code == 404
        (place.rmdir if place.is_dir() else place.unlink)()
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(output.logs)  # a path of a socket is short
        try:
            listener.bind('log.txt')
        finally:
            os.chdir(here)
        assert output.get(url, token=None).status_code == 404


@pytest.mark.parametrize('headers', [{}, {'range': 'bytes=0-'}, {'range': 'bytes=0-1,3-4'}])
@pytest.mark.parametrize('what', ['file', 'folder'])
def test_a_link_put_there_after_the_check_is_not_followed(output, monkeypatch, headers, what):
    """A job that swaps a file, or a folder above it, at the worst moment: after the path was checked."""
    url = link_to(output, 'sub/secret')
    (output.logs / 'sub' / 'secret').write_text('harmless')
    checked = output_files.confined

    def check_then_swap(folder, path):
        found = checked(folder, path)
        if what == 'file':
            found.unlink()
            found.symlink_to(output.data_dir / 'secret')
        else:
            found.parent.rename(output.logs / 'old')
            (output.logs / 'sub').symlink_to(output.data_dir)
        return found
    monkeypatch.setattr(output_files, 'confined', check_then_swap)
    refused = output.get(url, token=None, headers=headers)
    assert refused.status_code == 404 and SECRET not in refused.text


@pytest.mark.parametrize('headers', [{'range': 'bytes=0-'}, {'range': 'bytes=0-1,3-4'}])
def test_a_link_put_there_after_the_file_was_opened_changes_nothing(output, monkeypatch, headers):
    url = link_to(output, 'log.txt')
    (output.logs / 'log.txt').write_text('harmless')
    opened = output_files.open_unlinked

    def open_then_swap(path, flags):
        descriptor = opened(path, flags)
        path.unlink()
        path.symlink_to(output.data_dir / 'secret')
        return descriptor
    monkeypatch.setattr(output_files, 'open_unlinked', open_then_swap)
    answer = output.get(url, token=None, headers=headers)
    assert answer.status_code == 206 and 'ha' in answer.text and SECRET[:2] not in answer.text.replace('bytes', '')


def test_a_folder_swapped_while_it_is_listed_shows_nothing_of_another(output, monkeypatch):
    (output.logs / 'sub').mkdir()
    opened = listing.open_unlinked

    def swap_then_open(path, flags):
        path.rename(output.logs / 'old')
        path.symlink_to(output.data_dir)
        return opened(path, flags)
    monkeypatch.setattr(listing, 'open_unlinked', swap_then_open)
    assert 'batchai.db' not in list_files(output, directory='sub').text


def test_downloads_leave_no_descriptor_open(output):
    url = link_to(output, 'log.txt')
    (output.logs / 'log.txt').write_text('harmless')
    before = len(os.listdir('/dev/fd'))
    for headers in ({}, {'range': 'bytes=0-'}, {'range': 'bytes=99-'}, {'range': 'x'}):
        output.get(url, token=None, headers=headers)
        output.request('HEAD', url, token=None, headers=headers)
    assert len(os.listdir('/dev/fd')) == before


def test_a_path_with_a_link_in_it_is_not_opened(tmp_path):
    (tmp_path / 'real' / 'deep').mkdir(parents=True)
    (tmp_path / 'real' / 'deep' / 'file').write_text('x')
    (tmp_path / 'linked').symlink_to(tmp_path / 'real')
    real = tmp_path.resolve()
    os.close(open_unlinked(real / 'real' / 'deep' / 'file', os.O_RDONLY))
    for path in (real / 'linked' / 'deep' / 'file', real / 'linked', real / 'linked' / 'deep'):
        with pytest.raises(OSError):
            open_unlinked(path, os.O_RDONLY)
