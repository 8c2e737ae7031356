"""HyperQueue as its package on PyPI runs it: server and one worker of four cores in one process, nothing on disk."""
from __future__ import annotations

from bench.contest import Contest, Contestant, PeerMissing
from bench.peers.processes import Driver, left_out

NAME = 'HyperQueue, no journal'
WITH_JOURNAL = 'HyperQueue, with journal'
DURABILITY = 'nothing on disk'


def hyperqueue(contest: Contest) -> Driver:
    """The HyperQueue of a row, for `Contest.shared`."""
    python = contest.places.peers / 'bin' / 'python'
    if not list(contest.places.peers.glob('lib/python*/site-packages/hyperqueue')):
        raise PeerMissing(left_out(contest.places.peers, 'hyperqueue'))
    driver = Driver(python, 'hyperqueue_driver.py', folder=contest.new_folder('hyperqueue'))
    contest.stack.callback(driver.end)
    return driver


def no_journal(contest: Contest) -> Contestant:
    """Raises PeerMissing: what can be installed has no journal."""
    raise PeerMissing('only the program `hq` starts a server with a journal, and PyPI has the Python package alone')
