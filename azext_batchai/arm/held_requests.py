"""Requests that the service holds until there is news: the header on which both halves agree.

``Prefer: wait=5; state=running`` (RFC 7240) asks for an answer within 5 seconds, sooner once the state is no longer
the one the client knows. A service that has not heard of it answers at once.
"""
from __future__ import annotations

import hashlib
from typing import Iterable

# What a client may say it knows: `state` of a job; `names` or `files` of a folder, as digests.
STATE, NAMES, FILES = 'state', 'names', 'files'


def prefer(seconds: float, known: str = '', value: str = '') -> dict[str, str]:
    """The header of a request that may be held for `seconds`, while what is `known` has this `value`; none for 0."""
    if seconds <= 0:
        return {}
    return {'Prefer': f'wait={seconds:g}' + (f'; {known}={value}' if known else '')}


def preferred(header: str) -> tuple[float, dict[str, str]]:
    """Seconds to hold a request with this Prefer header, and what its client knows; 0 when it shall not be held."""
    for preference in header.lower().split(','):
        parts = {name.strip(): value.strip(' "\t') for name, _, value in
                 (part.partition('=') for part in preference.split(';'))}
        try:
            seconds = float(parts.pop('wait', '0'))
        except ValueError:
            continue
        if 0 < seconds < float('inf'):
            return seconds, parts
    return 0.0, {}


def folder_digest(entries: Iterable[tuple[str, int]]) -> str:
    """Stands for the names and sizes in a folder; with sizes of 0 for the names alone."""
    text = '\0'.join(f'{size} {name}' for name, size in sorted(entries))
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]
