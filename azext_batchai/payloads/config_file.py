"""Read the JSON configuration file of a cluster, job or file server and say precisely what is wrong with it."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError
from knack.log import get_logger

from azext_batchai.arm.checking import ShapeError, check, nearest_hint

logger = get_logger(__name__)

Json = dict[str, Any]
Translate = Callable[[Json], Json]

# What a resource read from the service has at its top; a file written from `show` may carry it.
_READ_ONLY_KEYS = ('id', 'name', 'type')
_TOP_KEYS = ('$schema', 'location', 'tags', 'properties')

# Required properties that the command line or the defaults may supply: filled in while the file alone is checked.
_SUPPLIED_LATER: dict[str, Json] = {
    'CLUSTER': {'vmSize': '-', 'userAccountSettings': {'adminUserName': '-'},
                'nodeSetup': {'setupTask': {'commandLine': '-', 'stdOutErrPathPrefix': '-'}}},
    'JOB': {'cluster': {'id': '-'}},
    'FILE_SERVER': {'vmSize': '-', 'sshConfiguration': {'userAccountSettings': {'adminUserName': '-'}},
                    'dataDisks': {'diskSizeInGB': 1, 'diskCount': 1, 'storageAccountType': 'Standard_LRS'}},
}


@dataclass(frozen=True)
class Config:
    """What a configuration file says. Without a file everything is empty."""
    path: str = ''
    location: str | None = None
    properties: Json = field(default_factory=dict)


def read_config(path: str | None, shape_name: str, translate: Translate = lambda properties: properties) -> Config:
    """Read and check the file at `path`; `shape_name` is CLUSTER, JOB or FILE_SERVER.

    `translate` turns the properties of older dialects into those of 2018-05-01. It may raise ShapeError.
    """
    if not path:
        return Config()
    refuse_content(path)
    document = parse_json(path, read_text(path))
    if not isinstance(document, dict):
        raise InvalidArgumentValueError(f'{path}: should hold a JSON object {{...}} with "properties"')
    properties, wrapped = _properties_of(path, document)
    try:
        location = _checked(document.get('location'), str, 'location', 'a string')
        _check_tags(document.get('tags'))
        translated = translate(properties)
        check(shape_name, {'properties': _filled(translated, _SUPPLIED_LATER[shape_name])})
    except ShapeError as error:
        raise InvalidArgumentValueError(f'{path}: {_as_written(error, wrapped)}') from None
    if document.get('tags'):
        logger.warning('%s: tags are not kept; since API 2018-05-01 only workspaces have them.', path)
    return Config(path, location, translated)


def refuse_content(value: str) -> None:
    """az puts the content of a file in the place of ``@file``. It may hold secrets, so no error may quote it."""
    if value.lstrip('\ufeff \t\r\n').startswith('{'):
        raise InvalidArgumentValueError('The config file is given by its path, not by its content: give the path '
                                        'without @, for example --config-file job.json.')


def read_text(path: str) -> str:
    """The text of a UTF-8 file, with or without a byte order mark."""
    try:
        return Path(path).expanduser().read_text('utf-8-sig')
    except OSError as error:
        raise FileOperationError(f"Cannot read the config file '{path}': {error.strerror or error}.") from None
    except (UnicodeDecodeError, ValueError):
        raise FileOperationError(f"Cannot read the config file '{path}': it is not UTF-8 text.") from None


def parse_json(path: str, text: str) -> Any:
    """Parse strict JSON. Raises InvalidArgumentValueError with line and column."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InvalidArgumentValueError(
            f'{path}: not valid JSON, line {error.lineno} column {error.colno}: {error.msg}.') from None
    except ValueError as error:
        raise InvalidArgumentValueError(f'{path}: not valid JSON: {error}.') from None
    except RecursionError:
        raise InvalidArgumentValueError(f'{path}: not valid JSON: nested too deeply.') from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f'{name} is not a JSON number')


def _properties_of(path: str, document: Json) -> tuple[Json, bool]:
    """The properties, and whether the file wraps them in "properties" (the guide shows files that do not)."""
    others = {key: value for key, value in document.items() if key not in (*_TOP_KEYS, *_READ_ONLY_KEYS)}
    if document.get('properties') is None:
        return others, False
    if others:
        unknown = sorted(others)[0]
        raise InvalidArgumentValueError(f'{path}: {unknown}: is not a known key beside "properties"'
                                        + nearest_hint(unknown, [key for key in _TOP_KEYS if key != '$schema']))
    if not isinstance(document['properties'], dict):
        raise InvalidArgumentValueError(f'{path}: properties: should be an object {{...}}')
    return document['properties'], True


def _checked(value: Any, kind: type, path: str, wanted: str) -> Any:
    if value is not None and not isinstance(value, kind):
        raise ShapeError(path, f'should be {wanted}')
    return value


def _check_tags(tags: Any) -> None:
    for name, value in (_checked(tags, dict, 'tags', 'an object {...} of strings') or {}).items():
        _checked(value, str, f'tags.{name}', 'a string')


def _filled(value: Json, supplied: Json) -> Json:
    """`value` with what is missing taken from `supplied`, at every depth both have."""
    result = dict(value)
    for key, default in supplied.items():
        if result.get(key) is None:
            result[key] = default
        elif isinstance(default, dict) and isinstance(result[key], dict):
            result[key] = _filled(result[key], default)
    return result


def _as_written(error: ShapeError, wrapped: bool) -> str:
    path = error.path if wrapped else error.path.removeprefix('properties.')
    return f'{path}: {error.problem}' if path else error.problem
