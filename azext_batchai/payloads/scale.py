"""How many nodes a cluster has: a fixed number, or a range the service moves in."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError


def manual_scale(target: int, deallocation: str | None = None) -> dict[str, Any]:
    """`deallocation` is the nodeDeallocationOption; the service knows a default."""
    option = {'nodeDeallocationOption': deallocation} if deallocation else {}
    return {'manual': {'targetNodeCount': target, **option}}


def auto_scale(minimum: int, maximum: int) -> dict[str, Any]:
    _check_order(minimum, maximum)
    return {'autoScale': {'minimumNodeCount': minimum, 'maximumNodeCount': maximum}}


def scale_settings(minimum: int | None, maximum: int | None, target: int | None,
                   configured: dict[str, Any] | None = None) -> dict[str, Any]:
    """The `scaleSettings` of a new cluster: from --min, --max and --target, else from the config file.

    As in 2017, equal --min and --max mean that many nodes, manually, and so does the same --target beside them. As in
    2018, any other --target beside a range is where auto-scale begins, be it below the minimum. Numbers leave alone
    what the file says of the jobs on nodes that go.
    """
    deallocation = ((configured or {}).get('manual') or {}).get('nodeDeallocationOption')
    if minimum is None and maximum is None:
        if target is not None:
            return manual_scale(target, deallocation)
        if configured:
            _check_configured(configured)
            return configured
        raise RequiredArgumentMissingError('Say how many nodes the cluster has: --target 2 for a fixed number, '
                                           'or --min 0 --max 4 for auto-scale.')
    if maximum is None:
        raise RequiredArgumentMissingError(f'--min {minimum} needs --max as well, for example --max '
                                           f'{max(minimum or 0, 1)}.')
    if minimum is None:
        raise RequiredArgumentMissingError(f'--max {maximum} needs --min as well, for example --min 0.')
    settings = auto_scale(minimum, maximum)
    if minimum == maximum and target in (None, minimum):
        return manual_scale(minimum, deallocation)
    if target is None:
        return settings
    if target > maximum:
        raise InvalidArgumentValueError(f'--target {target} is above --max {maximum}.')
    settings['autoScale']['initialNodeCount'] = target
    return settings


def _check_configured(settings: dict[str, Any]) -> None:
    ways = [way for way in ('manual', 'autoScale') if settings.get(way) is not None]
    if len(ways) != 1:
        raise InvalidArgumentValueError('scaleSettings in the config file should have either manual or autoScale, not '
                                        f"{'both' if ways else 'neither'}.")
    auto = settings.get('autoScale')
    if auto and auto['minimumNodeCount'] > auto['maximumNodeCount']:
        raise InvalidArgumentValueError(f"scaleSettings.autoScale in the config file has minimumNodeCount "
                                        f"{auto['minimumNodeCount']} above maximumNodeCount "
                                        f"{auto['maximumNodeCount']}.")


def _check_order(minimum: int, maximum: int) -> None:
    if minimum > maximum:
        raise InvalidArgumentValueError(f'--min {minimum} is above --max {maximum}.')
