"""A store with many jobs in it, put there through the store's own methods: submitting and running them takes hours."""
from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path

from bench.running_service import EXPERIMENT, JOBS, ROOT, WORKSPACE

PARKED = f'{WORKSPACE}/clusters/parked'
_END = {'state': 'ended', 'exitCodes': [0], 'stopReason': None, 'failure': None, 'exitCode': 0}


def fill_store(data_dir: Path, jobs: int) -> None:
    """Add `jobs` jobs of the experiment `bench` to the store of a service that does not run: nine of ten have run and
    ended, one waits for the cluster `parked`, which has no nodes."""
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    from azext_batchai.arm.ids import parse_resource_id
    from azext_batchai.arm.states import JobState
    from azext_batchai.service.store import Store
    properties = {
        'cluster': {'id': PARKED}, 'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/out',
        'customToolkitSettings': {'commandLine': 'true'}, 'schedulingPriority': 'normal',
        'constraints': {'maxWallClockTime': 'P7D'}}
    data_dir.mkdir(parents=True, mode=0o700, exist_ok=True)
    (data_dir / 'service.lock').touch(0o600)
    store, now = Store(data_dir / 'batchai.db'), time.time()
    try:
        with store.database.transaction():
            for path in (WORKSPACE, EXPERIMENT):
                resource = parse_resource_id(path)
                if store.resources.find(resource) is None:
                    store.resources.add(resource, str(uuid.uuid4()), 'eastus', {}, now)
            for number in range(jobs):
                guid = str(uuid.uuid4())
                store.jobs.add(parse_resource_id(f'{JOBS}/filled{number}'), guid, 'eastus', properties, {},
                               PARKED.lower(), 0, now)
                if number % 10:
                    launch = str(uuid.uuid4())
                    store.launches.intend(launch, guid, 'job', 0, [], now)
                    store.launches.started(launch, '{}')
                    store.launches.ended(launch, _END, now)
                    store.jobs.finish(guid, JobState.SUCCEEDED, 0, [], now)
    finally:
        store.close()
