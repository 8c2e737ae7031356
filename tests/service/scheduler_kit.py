"""What the stories of the scheduler share."""
from harness import cluster_path, manual


def resize(harness, target, **more):
    response = harness.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(target, **more)}})
    assert response.status_code == 200


def errors(harness, name):
    return [problem['code'] for problem in harness.job(name)['executionInfo'].get('errors', [])]


def results(harness, name):
    """How each launch of a job ended, oldest first."""
    return [launch.result['state'] if launch.result else None for launch in harness.launches(name)]


def started(harness, name):
    """The purposes for which the engine was made to start something of that job, in order."""
    guid = harness.job_record(name).guid
    return [launch.rpartition('-')[2] for launch in harness.engine.starts if launch.startswith(guid)]
