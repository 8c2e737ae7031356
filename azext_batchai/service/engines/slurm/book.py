"""What this process knows of its allocations and launches. Files are the truth; this spares reading them.

Everything here is to be used with the `lock` of the book held.
"""
from __future__ import annotations

import json
import math
import os
import re
import threading
import time
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from azext_batchai.service.engines.base import Allocation, LaunchState, Observation, Removal
from azext_batchai.service.engines.first_failure import first_failed
from azext_batchai.service.engines.slurm.allocation_folder import AllocationFolder, Placed

_CODE = re.compile(rb'\n*([0-9]{1,9})( removed)?\n')
_LONGEST_CODE = 64
# What a shell says of a process that was killed: 128 + SIGKILL.
_KILLED = 137


class Phase(Enum):
    """Of an allocation: UNSURE is one of which nobody knows whether Slurm has it, GONE one that Slurm has no more."""
    SUBMITTING = 'submitting'
    UNSURE = 'unsure'
    WAITING = 'waiting'
    RUNNING = 'running'
    GONE = 'gone'
    REFUSED = 'refused'


class StopLevel(Enum):
    """How far the end of a launch has been asked for."""
    NONE = 0
    GRACE = 1
    KILL = 2


@dataclass(eq=False)
class Held:
    """An allocation. `reason` says why it waits or how it ended, `removal` why Slurm ended it. `excluded` are the nodes
    that Slurm was told not to give it. `since` is the monotonic time after which a look at the queue must show it.

    It has `vanished` when Slurm does not know how it ended. It is `unwanted` when its end was asked for, `withdrawn`
    when it is to be submitted once more after that. `calm_since` is when Slurm last had it as running, monotonic.
    """
    folder: AllocationFolder
    request: Allocation
    links: bool
    phase: Phase = Phase.SUBMITTING
    job: str = ''
    placed: Placed | None = None
    reason: str = ''
    removal: Removal | None = None
    excluded: str = ''
    since: float = math.inf
    calm_since: float = -math.inf
    unwanted: bool = False
    vanished: bool = False
    withdrawn: bool = False
    failures: int = 0
    launches: list['Started'] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        """Whether Slurm has it, or may have it."""
        return self.phase in (Phase.UNSURE, Phase.WAITING, Phase.RUNNING)

    @property
    def is_unneeded(self) -> bool:
        return self.unwanted or bool(self.launches) and all(launch.stopped for launch in self.launches)

    @property
    def is_suspect(self) -> bool:
        """Whether something ended a launch of it, and nobody knows yet what."""
        return any(launch.removed is not None and not launch.stopped and launch.removed >= self.calm_since
                   for launch in self.launches)

    @property
    def is_open(self) -> bool:
        """Whether another launch can follow in it."""
        return self.phase not in (Phase.GONE, Phase.REFUSED) and not self.unwanted and not any(
            launch.last for launch in self.launches)


@dataclass(eq=False)
class Started:
    """A launch in an allocation. `codes` has None for what runs, or of which nobody knows. `removed` is when a signal
    that may not be ours was seen to reach it, monotonic."""
    handle: str
    folder: str
    held: Held
    last: bool
    codes: list[int | None]
    removed: float | None = None
    stopped: bool = False
    level: StopLevel = StopLevel.NONE

    @property
    def has_codes(self) -> bool:
        return None not in self.codes

    def read(self) -> bool:
        """Look for exit codes; whether there are new ones. Raises OSError."""
        news = False
        for number, code in enumerate(self.codes):
            if code is None:
                found = _read_code(f'{self.folder}/{number}.exit')
                if found:
                    self.codes[number] = int(found[1])
                    news = True
                    if found[2] and self.removed is None:
                        self.removed = time.monotonic()
        return news

    @property
    def is_over(self) -> bool:
        return self.observation().state not in (LaunchState.QUEUED, LaunchState.RUNNING)

    def observation(self) -> Observation:
        held = self.held
        nodes, began = (held.placed.ids, held.placed.began) if held.placed else ((), None)
        first = first_failed(self.folder, self.codes)
        if self.has_codes and (self.removed is None or self.stopped or held.calm_since > self.removed
                               or held.phase is Phase.GONE and held.removal is None and not held.vanished):
            return Observation(LaunchState.ENDED, tuple(self.codes), first, nodes, began)
        if held.phase is Phase.GONE:
            if self.stopped:
                codes = [_KILLED if code is None else code for code in self.codes]
                return Observation(LaunchState.ENDED, tuple(codes), first, nodes, began)
            return Observation(LaunchState.LOST, tuple(self.codes), None, nodes, began, held.reason, held.removal)
        if held.phase is Phase.REFUSED:
            return Observation(LaunchState.REJECTED, tuple(self.codes), reason=held.reason)
        if held.phase is Phase.RUNNING:
            return Observation(LaunchState.RUNNING, tuple(self.codes), first, nodes, began)
        return Observation(LaunchState.QUEUED, tuple(self.codes), reason=held.reason)


class Book:
    """`lock` guards all of it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.launches: dict[str, Started] = {}
        self.held: dict[str, Held] = {}
        self._by_name: dict[str, Held] = {}

    def add(self, held: Held) -> Held:
        self.held[str(held.folder.path)] = held
        self._by_name[held.folder.name] = held
        return held

    def named(self, name: str) -> Held | None:
        return self._by_name.get(name)

    def forget(self, held: Held) -> None:
        self.held.pop(str(held.folder.path), None)
        self._by_name.pop(held.folder.name, None)
        for launch in held.launches:
            self.launches.pop(launch.handle, None)

    def add_launch(self, handle: str, held: Held) -> Started:
        """A launch whose folder is there. Raises OSError."""
        _, folder, tasks, last = read_handle(handle)
        launch = Started(handle, folder, held, last, [None] * tasks, stopped=os.path.exists(f'{folder}/stop'))
        launch.read()
        held.launches.append(launch)
        self.launches[handle] = launch
        return launch

    def refresh(self, held: Held) -> bool:
        """Read what the nodes wrote; whether there is anything new. Raises OSError."""
        news = False
        if held.placed is None:
            held.placed = held.folder.placed()
            if held.placed and held.phase in (Phase.SUBMITTING, Phase.UNSURE, Phase.WAITING, Phase.RUNNING):
                held.phase, held.reason, news = Phase.RUNNING, '', True
                held.job = held.placed.job
        for launch in held.launches:
            if not launch.has_codes:
                news = launch.read() or news
        if held.phase is Phase.RUNNING and held.launches and held.launches[-1].last and all(
                launch.has_codes and (launch.removed is None or launch.stopped) for launch in held.launches):
            held.phase = Phase.GONE  # Slurm's job ends by itself now, and nothing more is to be known of it
            news = True
        return news


def make_handle(allocation: Path, launch: Path, tasks: int, last: bool) -> str:
    return json.dumps({'slurm': str(allocation), 'folder': str(launch), 'tasks': tasks, 'last': last})


def read_handle(handle: str) -> tuple[str, str, int, bool]:
    """The folders of the allocation and of the launch, the number of tasks, and whether it is the last there. Raises
    ValueError for text that is no handle of ours."""
    content = json.loads(handle)
    try:
        return str(content['slurm']), str(content['folder']), int(content['tasks']), bool(content['last'])
    except (TypeError, KeyError) as error:
        raise ValueError(f'no handle: {error}') from None


def is_handle(handle: str) -> bool:
    """Whether it is that of a launch in Slurm; others are of processes of this machine."""
    try:
        read_handle(handle)
        return True
    except ValueError:
        return False


def _read_code(path: str) -> 're.Match[bytes] | None':
    """What a shell wrote, once its line is complete. Whatever else is there, torn or planted, is nothing."""
    try:
        with open(path, 'rb') as file:
            return _CODE.fullmatch(file.read(_LONGEST_CODE))
    except FileNotFoundError:
        return None
