"""Times and durations as the wire spells them."""
from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_ISO_DURATION = re.compile(
    r'P(?=.)(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?'
    r'(?:T(?=.)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?\Z')
_CLOCK_DURATION = re.compile(
    r'(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{2}):(?P<seconds>\d{2}(?:\.\d{1,7})?)\Z')


def format_time(seconds: float) -> str:
    """Seconds since the epoch as the service wrote them: UTC, at most milliseconds, trailing zeros cut, ``Z``."""
    moment = datetime.fromtimestamp(round(seconds, 3), timezone.utc)
    text = moment.isoformat(timespec='milliseconds').removesuffix('+00:00')
    return text.rstrip('0').rstrip('.') + 'Z'


def parse_duration(text: str) -> timedelta:
    """``P7D``, ``PT1H30M`` or, as the schemas of 2018 wrote it, ``7.00:00:00``. Raises ValueError.

    Years and months are refused: they have no fixed length.
    """
    match = _ISO_DURATION.match(text) or _CLOCK_DURATION.match(text)
    if not match:
        raise ValueError(f"'{text}' is not a duration; write for example PT90M, P1D or 1.00:00:00")
    try:
        return timedelta(**{unit: float(value) for unit, value in match.groupdict().items() if value})
    except OverflowError:
        raise ValueError(f"'{text}' is too long a duration") from None


def format_duration(duration: timedelta) -> str:
    """A duration in ISO 8601, in days, hours, minutes and seconds: ``P7D``, ``PT1H30M``, ``PT0S``."""
    seconds = duration.total_seconds()
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    clock = ''.join(f'{int(value)}{unit}' for value, unit in ((hours, 'H'), (minutes, 'M')) if value)
    if rest:
        clock += f'{rest:.6f}'.rstrip('0').rstrip('.') + 'S'
    date = f'{int(days)}D' if days else ''
    return 'P' + date + (f'T{clock}' if clock else '') if date or clock else 'PT0S'
