"""Resident memory of a service that has answered a request and has nothing to do, and with jobs in its store."""
from __future__ import annotations

import signal
from typing import Callable

from bench.contest import Contest, Contestant, Goal, Row
from bench.filled_store import fill_store
from bench.peers import ray_jobs, web_services
from bench.running_service import JOBS, our_service

_MIB = 1 << 20


def resident(pid: int) -> float:
    """MiB of a process and of those that it has started."""
    import psutil
    process = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / _MIB


def idle(contest: Contest) -> Contestant:
    service = contest.shared(our_service)

    def turn() -> list[float]:
        service.end(signal.SIGTERM)
        service.start()
        return [resident(service.pid)]
    return Contestant('', turn)


def with_jobs(contest: Contest) -> Contestant:
    """After a list of the first 1,000 and a look at a hundred of them."""
    service = contest.shared(our_service)
    count = 10_000 if contest.effort.scale >= 1 else contest.effort.count(10_000)
    service.end(signal.SIGTERM)
    fill_store(service.data_dir, count)
    service.start()

    def turn() -> list[float]:
        service.end(signal.SIGTERM)
        service.start()
        first = service.connection.read(JOBS)['value']
        for job in first[:100]:
            service.job(job['name'])
        return [resident(service.pid)]
    return Contestant('', turn, {'jobs': count})


def azurite(contest: Contest) -> Contestant:
    return _web_service('Azurite', web_services.azurite(contest))


def moto(contest: Contest) -> Contestant:
    return _web_service('moto', web_services.moto(contest))


def _web_service(name: str, start: Callable[[], web_services.WebService]) -> Contestant:
    def turn() -> list[float]:
        running = start()
        try:
            return [resident(running.pid)]
        finally:
            running.end()
    return Contestant(web_services.DURABILITIES[name], turn)


def ray(contest: Contest) -> Contestant:
    driver = contest.shared(ray_jobs.ray)
    return Contestant(ray_jobs.DURABILITY, lambda: [resident(driver.pid)])


ROWS = [
    Row('memory-idle', 'idle memory', 'MiB', Goal(61, 53), {
        'ours': idle, 'Azurite': azurite, 'moto': moto, ray_jobs.NAME: ray}),
    Row('memory-10000', 'memory with 10,000 jobs', 'MiB', Goal(120, 90), {'ours': with_jobs})]
