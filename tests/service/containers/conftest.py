"""Real containers: podman with a storage of its own, and an image that is nothing but busybox."""
import os
import shutil

import pytest
from container_kit import Containers
from podman_storage import busybox, image_tar, storage  # noqa: F401

from azext_batchai.service.containers.runtime import find_runtime


@pytest.fixture(scope='session')
def podman(storage):  # noqa: F811
    return find_runtime('podman', os.environ['PATH'], storage)


@pytest.fixture
def containers(podman, tmp_path):
    """Starts containers with the defaults of the service, and removes them after the test."""
    made = Containers(podman, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope='session')
def lasting(podman, tmp_path_factory):
    made = Containers(podman, tmp_path_factory.mktemp('lasting'))
    started = made.start()
    assert started.returncode == 0, started.stderr
    yield made
    made.close()


@pytest.fixture
def running(lasting):
    """A container that runs, and stays for the next test."""
    for left in lasting.work.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    return lasting
