"""A row of the table: what is measured, who takes part, and the turns that they take one after the other."""
from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence, TypeVar

OURS = 'ours'
T = TypeVar('T')


class PeerMissing(Exception):
    """Somebody cannot take part; the text says why, and what to install."""


@dataclass(frozen=True)
class Effort:
    """`turns` of each contestant; `scale` makes a turn larger or smaller than that of a quick run; after `seconds` no
    new round of turns is begun."""
    turns: int = 3
    scale: float = 1.0
    seconds: float = 75.0

    def count(self, quick: int, least: int = 1) -> int:
        """How many jobs, lines or requests where a quick run has `quick`."""
        return max(least, round(quick * self.scale))


@dataclass(frozen=True)
class Places:
    """What the machine has for the bench: the `az` to run and its extensions, and the folder of the peers."""
    az: Path
    extensions: Path
    peers: Path
    with_ray: bool = False


@dataclass
class Contest:
    """One row under way. What is started for it ends with `stack`."""
    folder: Path
    effort: Effort
    places: Places
    stack: ExitStack
    _shared: dict[Any, Any] = field(default_factory=dict)

    def shared(self, make: Callable[[Contest], T]) -> T:
        """What `make` returns, made once for all contestants of the row."""
        if make not in self._shared:
            self._shared[make] = make(self)
        return self._shared[make]

    def new_folder(self, name: str) -> Path:
        """A folder that is new for everybody who asks for it."""
        folder = self.folder / f'{name}{len(list(self.folder.iterdir()))}'
        folder.mkdir()
        return folder


@dataclass(frozen=True)
class Contestant:
    """`turn` measures once or more and returns the values. `facts` are what else is worth a word; turns may fill it."""
    durability: str
    turn: Callable[[], Sequence[float]]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Goal:
    """What design section 11 asks of us: the least, and what we aim at."""
    least: float
    aim: float


@dataclass(frozen=True)
class Row:
    """`contestants` make themselves ready when called, or raise PeerMissing; those named `ours...` are us."""
    key: str
    title: str
    unit: str
    goal: Goal | None
    contestants: Mapping[str, Callable[[Contest], Contestant]]
    more_is_better: bool = False


@dataclass
class Result:
    """The values of one contestant in the order in which they were measured; none with a `reason` to be left out."""
    name: str
    durability: str = ''
    values: list[float] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    reason: str = ''


def is_us(name: str) -> bool:
    return name.split(',')[0] == OURS


def hold(row: Row, folder: Path, effort: Effort, places: Places, peers: bool = True) -> list[Result]:
    """Run a row: everybody gets ready, then all take turns. Whoever fails is out of it from there on, with the reason;
    what it had measured by then is dropped."""
    results: list[Result] = []
    ready: list[tuple[Result, Contestant]] = []
    with ExitStack() as stack:
        contest = Contest(folder, effort, places, stack)
        for name, prepare in row.contestants.items():
            result = Result(name)
            results.append(result)
            if not peers and not is_us(name):
                result.reason = 'peers were not asked for'
                continue
            try:
                contestant = prepare(contest)
            except Exception as error:
                result.reason = _reason(error)
                continue
            result.durability, result.facts = contestant.durability, contestant.facts
            ready.append((result, contestant))
        _take_turns(ready, effort)
    return results


def _take_turns(ready: list[tuple[Result, Contestant]], effort: Effort) -> None:
    end = time.monotonic() + effort.seconds
    for _ in range(effort.turns):
        for result, contestant in ready:
            if result.reason:
                continue
            try:
                result.values += contestant.turn()
            except Exception as error:
                result.reason, result.values = _reason(error), []
        if time.monotonic() > end:
            return


def _reason(error: Exception) -> str:
    text = str(error).strip() or 'no reason given'
    return text if isinstance(error, PeerMissing) else f'failed: {type(error).__name__}: {text.splitlines()[-1][:300]}'
