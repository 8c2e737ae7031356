"""A HyperQueue with one worker of four cores. Requests are lines on standard input:

    {"jobs": N, "command": [...], "wait": true}    submits N jobs; with `wait` until all have ended

The answer has the times, in seconds since 1970, before the first submission, after the last, and at which the last job
was started: its output file is made then. A job of no length has ended a millisecond later, and HyperQueue's own way to
wait looks once in a second.
"""
import contextlib
import json
import os
import sys
import time
from typing import Any

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def answer(client: Any, request: Any, folder: str, number: int) -> Any:
    names, began = [], time.time()
    for name in (f'{number}-{index}' for index in range(request['jobs'])):
        job = Job(folder)
        job.program(request['command'], stdout=f'{folder}/{name}.out', stderr=f'{folder}/{name}.err')
        names.append((client.submit(job), f'{folder}/{name}.out'))
    submitted = time.time()
    if request.get('wait'):
        failed = client.connection.wait_for_jobs([job.id for job, _ in names], lambda jobs: None)
        if failed:
            raise RuntimeError(f'{len(failed)} jobs failed')
        last = max(os.stat(file).st_mtime for _, file in names)
        return {'began': began, 'submitted': submitted, 'last_started': last, 'outputs': [file for _, file in names]}
    return {'began': began, 'submitted': submitted, 'outputs': [file for _, file in names]}


def main() -> None:
    folder = os.getcwd()
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # HyperQueue prints there
    with LocalCluster(os.path.join(folder, 'server'), WorkerConfig(cores=4)) as cluster:
        client = cluster.client()
        for number, line in enumerate(sys.stdin):
            request = json.loads(line)
            print(json.dumps(answer(client, request, folder, number) if request else {}), file=answers, flush=True)


with contextlib.suppress(KeyboardInterrupt):
    main()
