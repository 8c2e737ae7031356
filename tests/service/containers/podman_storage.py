"""A storage of podman for tests only, with an image in it that is nothing but busybox. Fixtures, for others to import.
"""
import shutil
import subprocess
import tarfile
from pathlib import Path

import psutil
import pytest
from container_kit import IMAGE


@pytest.fixture(scope='session')
def busybox():
    found = shutil.which('busybox')
    if not found or _has_interpreter(found):
        pytest.skip('busybox-static is not installed')
    return Path(found)


def _has_interpreter(program):
    """Whether a program needs a dynamic linker: its path stands near the beginning of the file."""
    with open(program, 'rb') as file:
        return b'/ld-linux' in file.read(4096)


@pytest.fixture(scope='session')
def image_tar(busybox, tmp_path_factory):
    """The file system of an image whose only commands are a shell, and what busybox has."""
    tar = tmp_path_factory.mktemp('image') / 'image.tar'
    with tarfile.open(tar, 'w') as file:
        file.add(busybox, 'bin/busybox')
        for name in ('sh', 'sleep', 'cat'):
            link = tarfile.TarInfo(f'bin/{name}')
            link.type, link.linkname = tarfile.SYMTYPE, 'busybox'
            file.addfile(link)
    return tar


@pytest.fixture(scope='session')
def storage(image_tar, tmp_path_factory):
    """podman's options for a storage that only these tests have, with the image in it."""
    if not shutil.which('podman'):
        pytest.skip('podman is not installed')
    place = tmp_path_factory.mktemp('podman')
    options = ['--root', str(place / 'root'), '--runroot', str(place / 'run')]
    subprocess.run(['podman', *options, 'import', '-q', '--change', 'ENV FROM_IMAGE=yes', str(image_tar), IMAGE],
                   check=True, capture_output=True)
    yield ' '.join(options)
    for command in (['rm', '-f', '-a'], ['rmi', '-f', '-a']):
        subprocess.run(['podman', *options, *command], check=False, capture_output=True)
    for process in psutil.process_iter():  # docker's protocol has podman wait for minutes after each command
        try:
            if process.name() == 'conmon' and any(word.startswith(f'{place}/') for word in process.cmdline()):
                process.kill()
        except psutil.Error:
            continue
    shutil.rmtree(place, ignore_errors=True)
