"""A Ray with four cores and its job server. Requests are lines on standard input:

    {"jobs": N, "command": "...", "wait": true}    submits N jobs; with `wait` until all have ended

The answer has the times, in seconds since 1970, before the first submission, after the last, and of the end.
"""
import contextlib
import json
import os
import socket
import sys
import time
from typing import Any

import ray
from ray.job_submission import JobStatus, JobSubmissionClient

_PATIENCE_SECONDS = 120
FINAL = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.STOPPED)


def answer(client: Any, request: Any) -> Any:
    began = time.time()
    names = [client.submit_job(entrypoint=request['command']) for _ in range(request['jobs'])]
    submitted = time.time()
    while request.get('wait') and not all(client.get_job_status(name) in FINAL for name in names):
        if time.time() > submitted + _PATIENCE_SECONDS:
            raise RuntimeError('the jobs do not end')
        time.sleep(0.02)
    if request.get('wait') and any(client.get_job_status(name) != JobStatus.SUCCEEDED for name in names):
        raise RuntimeError('a job failed')
    return {'began': began, 'submitted': submitted, 'ended': time.time()}


def main() -> None:
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # Ray prints there
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    ray.init(num_cpus=4, include_dashboard=True, dashboard_host='127.0.0.1', dashboard_port=port,
             configure_logging=False)
    client = JobSubmissionClient(f'http://127.0.0.1:{port}')
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(answer(client, request) if request else {}), file=answers, flush=True)
    ray.shutdown()


with contextlib.suppress(KeyboardInterrupt):
    main()
