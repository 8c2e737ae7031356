"""Ray Jobs: a head node on this machine, and a driver that submits to it. Only when it is asked for: it is large."""
from __future__ import annotations

from bench.contest import Contest, PeerMissing
from bench.peers.processes import Driver, left_out

NAME = 'Ray Jobs'
DURABILITY = 'nothing on disk'


def ray(contest: Contest) -> Driver:
    """The Ray of a row, for `Contest.shared`."""
    if not contest.places.with_ray:
        raise PeerMissing('large, so only with --with-ray')
    if not list(contest.places.peers.glob('lib/python*/site-packages/ray')):
        raise PeerMissing(left_out(contest.places.peers, 'ray'))
    folder = contest.new_folder('ray')
    driver = Driver(contest.places.peers / 'bin' / 'python', 'ray_driver.py', folder=folder)
    contest.stack.callback(driver.end)
    return driver
