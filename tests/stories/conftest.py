"""Profiles of az, with and without a service."""
from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from installed_az import AZ, EXTENSIONS, Az
from watched_jobs import with_cluster

# Their assertions are those of a test.
pytest.register_assert_rewrite('guide_needs', 'guide_stories')


@pytest.fixture(scope='session', autouse=True)
def _installed() -> None:
    assert AZ.exists() and (EXTENSIONS / 'batchai').exists(), "run 'make install' first"


@pytest.fixture
def az(tmp_path: Path) -> Az:
    """A profile without a service."""
    return Az(tmp_path)


@pytest.fixture
def own(az: Az) -> Iterator[Az]:
    """A profile with a service of its own, ended and cleared afterwards."""
    az.ok('batchai service start -o none', BATCHAI_SERVICE_AUTOSCALE_IDLE_SECONDS='0.5',
          BATCHAI_SERVICE_TERMINATE_GRACE_SECONDS='1')
    yield az
    az.ok('batchai service reset -y')


@pytest.fixture(scope='session')
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    az = Az(tmp_path_factory.mktemp('shared'))
    az.ok('batchai service start -o none', BATCHAI_SERVICE_AUTOSCALE_IDLE_SECONDS='0.5',
          BATCHAI_SERVICE_TERMINATE_GRACE_SECONDS='1')
    yield az
    az.ok('batchai service reset -y')


@pytest.fixture
def shared(_shared: Az) -> Iterator[Az]:
    """A profile whose service other tests use too; what a test makes there is deleted after it."""
    (_shared.config_dir / 'config').unlink(missing_ok=True)
    yield _shared
    _shared.rest().delete_everything()


@pytest.fixture
def work(shared: Az, tmp_path: Path) -> Path:
    """The folder that the nodes of cluster c of the shared service see, for jobs that are waited for and watched."""
    return with_cluster(shared, tmp_path)
