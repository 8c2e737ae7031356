"""Finds the harness of the service's tests, and hands out services to attack."""
import os
import pwd
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[2] / 'service'), str(Path(__file__).parents[2] / 'service' / 'engines')]

from attacked_service import OtherUsersJobs  # noqa: E402
from harness_fixture import harness  # noqa: E402, F401

from azext_batchai.service.job_user import JobUserError, find_job_user  # noqa: E402

NEEDS = 'needs root, Linux, setpriv and the user nobody or daemon'


@pytest.fixture
def job_user():
    """An ordinary user of this machine."""
    for name in ('nobody', 'daemon'):
        try:
            pwd.getpwnam(name)
            return find_job_user(name)
        except (KeyError, JobUserError):
            continue
    pytest.skip(NEEDS)


@pytest.fixture
def open_folder(job_user):
    """A temporary folder that every user can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix='batchai-attack-'))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def service(open_folder, job_user):
    """A whole service with the real engine, whose jobs run as another user; one idle node. The groups of this process
    are put back, since the service takes those of the job user."""
    groups = os.getgroups()
    made = OtherUsersJobs(open_folder / 'data', job_user)
    try:
        yield made
    finally:
        made.close()
        os.setgroups(groups)
