"""A job in a container on a node of Slurm. One node: these here share the storage of podman, which real ones do not."""
import dataclasses
import sys
from pathlib import Path

import pytest
from slurm_jobs import slurm_jobs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'service' / 'containers'))

from container_kit import IMAGE  # noqa: E402
from podman_storage import busybox, image_tar, storage  # noqa: E402, F401


@pytest.fixture
def real(tmp_path, slurm, storage, monkeypatch):  # noqa: F811
    with slurm_jobs(tmp_path, slurm, monkeypatch) as made:
        made.settings = dataclasses.replace(made.settings, container_runtime='podman', container_options=storage)
        made.restart()
        yield made


def test_preparation_and_job_run_in_one_container_that_is_gone_afterwards(real):
    real.ready_cluster(1)
    ended = real.run_job(
        'j', containerSettings={'imageSourceRegistry': {'image': IMAGE}},
        jobPreparation={'commandLine': 'echo prepared > /left; echo $FROM_IMAGE'},
        customToolkitSettings={'commandLine': 'cat /left; echo $FROM_IMAGE; echo $AZ_BATCH_HOST_LIST; exit 4'})
    assert (ended['executionState'], ended['executionInfo']['exitCode']) == ('failed', 4), ended['executionInfo']
    [address] = [node.address for node in real.engine_nodes()]
    assert real.logs()['stdout.txt'].split() == ['prepared', 'yes', address]
    assert [launch.purpose for launch in real.launches('j')] == ['container', 'preparation', 'job', 'cleanup']
    real.wait_until(lambda: not real.slurm.run('squeue', '--noheader').strip(), 'an empty queue')
