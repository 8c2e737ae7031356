"""From the start of a process until it has answered its first request."""
from __future__ import annotations

import signal
import time
from typing import Callable

from bench.az import profile
from bench.contest import Contest, Contestant, Goal, Row
from bench.peers import web_services
from bench.running_service import RunningService, our_service

_TURNS = 4


def in_a_new_folder(contest: Contest) -> Contestant:
    """It makes its database, token, certificates and key."""
    def one() -> float:
        service = RunningService(contest.new_folder('new') / 'data')
        began = time.perf_counter()
        with service:
            return (time.perf_counter() - began) * 1000
    return Contestant('', lambda: [one() for _ in range(contest.effort.count(_TURNS))])


def in_its_folder(contest: Contest) -> Contestant:
    service = contest.shared(our_service)

    def one() -> float:
        service.end(signal.SIGTERM)
        return service.start() * 1000
    return Contestant('', lambda: [one() for _ in range(contest.effort.count(_TURNS))])


def by_az(contest: Contest) -> Contestant:
    """The whole command, with what az itself takes, in a folder that it has used before."""
    az = profile(contest, contest.new_folder('profile'), contest.places.extensions)

    def one() -> float:
        try:
            return az.timed('batchai service start')
        finally:
            az.run('batchai service stop')
    contest.stack.callback(lambda: az.run('batchai service reset -y'))
    one()
    return Contestant('', lambda: [one() for _ in range(contest.effort.count(2))])


def azurite(contest: Contest) -> Contestant:
    return _web_service(contest, 'Azurite', web_services.azurite(contest))


def moto(contest: Contest) -> Contestant:
    return _web_service(contest, 'moto', web_services.moto(contest))


def _web_service(contest: Contest, name: str, start: Callable[[], web_services.WebService]) -> Contestant:
    """One start is not counted: it fills caches, as those of the service are."""
    def one() -> float:
        running = start()
        running.end()
        return running.start_seconds * 1000
    one()
    return Contestant(web_services.DURABILITIES[name], lambda: [one() for _ in range(contest.effort.count(_TURNS))])


ROWS = [Row('service-start', '`service start` to healthy', 'ms', Goal(310, 210), {
    'ours': in_a_new_folder, 'ours, in its folder': in_its_folder, 'ours, `az batchai service start`': by_az,
    'Azurite': azurite, 'moto': moto})]
