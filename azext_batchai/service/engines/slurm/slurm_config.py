"""The settings of the Slurm that is there, as it tells them itself."""
from __future__ import annotations

import os
import re
from typing import Mapping

from azext_batchai.service.engines.slurm.commands import run

_LINE = re.compile(r'([\w\[\]]+)\s+= (.*)\Z')
_NOTHING = ('(null)', 'n/a', 'none')
_UID = re.compile(r'\((\d+)\)\Z')


def read_config(timeout: float = 10.0) -> dict[str, str]:
    """Value by name in lower case; empty for one that is not set. Raises SlurmUnavailable and SlurmRefused."""
    return parse_config(run(['scontrol', 'show', 'config'], timeout))


def parse_config(text: str) -> dict[str, str]:
    """What `scontrol show config` prints."""
    found = [match for line in text.splitlines() if (match := _LINE.match(line.strip()))]
    return {match[1].lower(): '' if match[2].strip().lower() in _NOTHING else match[2].strip() for match in found}


def is_operator(config: Mapping[str, str], uid: int | None = None) -> bool:
    """Whether a user, by default ours, may put jobs in front of those of others."""
    owner = _UID.search(config.get('slurmuser', ''))
    uid = os.getuid() if uid is None else uid
    return uid == 0 or owner is not None and int(owner[1]) == uid


def seconds(config: Mapping[str, str], name: str) -> float | None:
    """A setting such as ``300 sec``; None when it is not there, or infinite."""
    found = re.match(r'(\d+)( sec)?\Z', config.get(name.lower(), ''))
    return float(found[1]) if found else None


def scheduler_parameters(config: Mapping[str, str]) -> dict[str, str]:
    """The words of SchedulerParameters; empty for those without a value."""
    words = [word.partition('=') for word in config.get('schedulerparameters', '').split(',')]
    return {name.strip().lower(): value.strip() for name, _, value in words if name.strip()}
