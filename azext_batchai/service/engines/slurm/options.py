"""The file `slurm.json`, in which the user says how clusters and jobs become requests to Slurm, and the tags of a
cluster that say the same for it alone.

What holds is put together in layers, each before the next: the keys at the top of the file, ``sizes`` for the VM size,
``lowPriority``, ``clusters`` for the name, and last the tags. ``sizes`` and ``clusters`` may have patterns with ``*``;
of several that fit, the later one in the file goes on top.
"""
from __future__ import annotations

import dataclasses
import json
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping

from azext_batchai.service.engines.base import ClusterWish
from azext_batchai.service.engines.slurm.constraints import ConstraintError, satisfies
from azext_batchai.service.engines.slurm.option_words import KEYED, WordError, check_value, split_option

TAG_PREFIX = 'batchai.slurm.'
_TAGS = (*KEYED, 'options')
_PRIORITIES = ('low', 'normal', 'high')
# Slurm's own limit is about there.
_MOST_NICE = 2_147_483_645
_NICE_OF_ANYBODY = {'low': 100_000, 'normal': 1_000, 'high': 0}
# Only who runs Slurm may put a job in front of those of others. Slurm's priorities begin 65536 below the largest number
# there is, and one that grows beyond it becomes the least.
_NICE_OF_OPERATORS = {'low': 1_000_000, 'normal': 0, 'high': -50_000}


class OptionsError(ValueError):
    """The file or a tag cannot be used; the text says where and what to write."""


@dataclass(frozen=True)
class Layer:
    """What is said in one place, or in all of them together. None is for what is not said; a `gres` of ``none`` asks
    for nothing. `options` are further ones of sbatch, by name."""
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    gres: str | None = None
    cores: int | None = None
    options: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class SlurmOptions:
    """What the file says. `most_submitted` jobs at most are in Slurm's queue at a time."""
    everywhere: Layer = Layer()
    sizes: Mapping[str, Layer] = field(default_factory=dict)
    low_priority: Layer = Layer()
    clusters: Mapping[str, Layer] = field(default_factory=dict)
    nice_values: Mapping[str, int] = field(default_factory=dict)
    most_submitted: int = 2000

    def for_cluster(self, wish: ClusterWish) -> Layer:
        """All that holds for a cluster. Raises OptionsError for its tags."""
        return _together([self.everywhere, *_fitting(self.sizes, wish.vm_size),
                          *([self.low_priority] if wish.low_priority else []), *_fitting(self.clusters, wish.name),
                          _read_tags(wish.options)])

    def nice(self, priority: int, is_operator: bool) -> int:
        """The value for ``--nice`` of a job with that priority; 0 is the normal one. `is_operator` is for who may put
        jobs in front of those of others."""
        name = 'normal' if not priority else 'high' if priority > 0 else 'low'
        usual = _NICE_OF_OPERATORS if is_operator else _NICE_OF_ANYBODY
        return self.nice_values.get(name, usual[name])


class OptionsFile:
    """Reads the file again whenever it has changed. No file says nothing."""

    def __init__(self, path: Path):
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._options = SlurmOptions()
        self._error = ''

    def read(self) -> SlurmOptions:
        """What the file says now. Raises OptionsError."""
        self._look()
        if self._error:
            raise OptionsError(self._error)
        return self._options

    def last(self) -> SlurmOptions:
        """As `read`, but what the file said before while it cannot be used: jobs go on when somebody edits it."""
        self._look()
        return self._options

    def _look(self) -> None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._options, self._error = None, SlurmOptions(), ''
            return
        except OSError as error:
            self._stamp, self._error = None, f'{self.path} cannot be read: {error.strerror}'
            return
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp == self._stamp:
            return
        try:
            self._options = parse_options(self.path.read_text('utf-8'))
            self._error = ''
        except OSError as error:
            self._error = f'{self.path} cannot be read: {error.strerror}'
        except ValueError as error:
            self._error = f'{self.path} cannot be used: {error}'
        self._stamp = stamp


def parse_options(text: str) -> SlurmOptions:
    """Raises OptionsError with the JSON path of what is wrong."""
    try:
        content = json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise OptionsError('it is nested too deeply') from None
    except OptionsError:
        raise
    except ValueError as error:
        raise OptionsError(f'it is no JSON: {error}') from None
    known = {**_LAYER_KEYS, 'sizes': _layers, 'lowPriority': _layer, 'clusters': _layers, 'nice': _nice,
             'mostSubmitted': _positive}
    found = _read_object(content, '', known)
    return SlurmOptions(
        _layer({key: value for key, value in content.items() if key in _LAYER_KEYS}, ''), found.get('sizes', {}),
        found.get('lowPriority', Layer()), found.get('clusters', {}), found.get('nice', {}),
        found.get('mostSubmitted', SlurmOptions.most_submitted))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise OptionsError(f'{json.dumps(twice)} is there twice in the same object')
    return dict(pairs)


def _read_object(content: Any, path: str, keys: Mapping[str, Callable[[Any, str], Any]]) -> dict[str, Any]:
    """The values of an object, each read by the function of its key."""
    if not isinstance(content, dict):
        raise OptionsError(f'{_place(path)} is {_kind(content)}; write an object with any of these keys: '
                           f'{", ".join(sorted(keys))}')
    for key in content:
        if key not in keys:
            raise OptionsError(f'{_place(_join(path, key))} is not known; these keys are: {", ".join(sorted(keys))}')
    return {key: keys[key](value, _join(path, key)) for key, value in content.items()}


def _layer(content: Any, path: str) -> Layer:
    found = _read_object(content, path, _LAYER_KEYS)
    options: dict[str, str | None] = found.pop('options', {})
    keyed = {name: options[name] for name in KEYED if name in options}
    twice = next((name for name in keyed if name in found), None)
    if twice:
        raise OptionsError(f'{_place(_join(path, "options"))} has "--{twice}", and "{twice}" is there too; keep one')
    rest = {name: value for name, value in options.items() if name not in keyed}
    return Layer(**{**found, **keyed, 'options': rest})


def _layers(content: Any, path: str) -> dict[str, Layer]:
    if not isinstance(content, dict):
        raise OptionsError(f'{_place(path)} is {_kind(content)}; write an object such as '
                           '{"Standard_NC*": {"gres": "gpu:1"}}')
    return {pattern: _layer(value, _join(path, pattern)) for pattern, value in content.items()}


def _keyed(content: Any, path: str) -> str:
    name = path.rpartition('.')[2]
    if not isinstance(content, str):
        raise OptionsError(f'{_place(path)} is {_kind(content)}; write a text')
    try:
        check_value(name, content)
        if name == 'constraint':
            satisfies((), content)
    except (WordError, ConstraintError) as error:
        raise OptionsError(f'{_place(path)}: {error}') from None
    return content


def _words(content: Any, path: str) -> dict[str, str | None]:
    if not isinstance(content, list) or not all(isinstance(word, str) for word in content):
        raise OptionsError(f'{_place(path)} is not a list of texts; write for example ["--reservation=course"]')
    return _split(content, path)


def _split(words: Iterable[str], path: str) -> dict[str, str | None]:
    options: dict[str, str | None] = {}
    for number, word in enumerate(words):
        try:
            name, value = split_option(word)
            if name == 'constraint':
                satisfies((), value or '')
        except (WordError, ConstraintError) as error:
            raise OptionsError(f'{_place(f"{path}[{number}]")}: {error}') from None
        if name in options:
            raise OptionsError(f'{_place(f"{path}[{number}]")}: "--{name}" is there twice')
        options[name] = value
    return options


def _positive(content: Any, path: str) -> int:
    if not isinstance(content, int) or isinstance(content, bool) or content < 1:
        raise OptionsError(f'{_place(path)} is {_kind(content)}; write a whole number from 1 up')
    return content


def _nice_value(content: Any, path: str) -> int:
    if not isinstance(content, int) or isinstance(content, bool) or abs(content) > _MOST_NICE:
        raise OptionsError(f'{_place(path)} is {_kind(content)}; write a whole number, a greater one for later')
    return content


def _nice(content: Any, path: str) -> dict[str, int]:
    return _read_object(content, path, dict.fromkeys(_PRIORITIES, _nice_value))


_LAYER_KEYS: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(KEYED, _keyed), 'cores': _positive, 'options': _words}


def _read_tags(tags: Mapping[str, str]) -> Layer:
    """The layer of a cluster's tags; those of others are nothing to us."""
    said: dict[str, Any] = {}
    for tag, value in tags.items():
        if not tag.lower().startswith(TAG_PREFIX):
            continue
        name = tag[len(TAG_PREFIX):].lower()
        if name not in _TAGS:
            raise OptionsError(f'the tag {tag} is not known; these tags are: '
                               + ', '.join(TAG_PREFIX + known for known in _TAGS))
        try:
            said[name] = shlex.split(value) if name == 'options' else value
        except ValueError as error:
            raise OptionsError(f'the tag {tag} cannot be read as words of a shell: {error}') from None
    try:
        return _layer(said, '')
    except OptionsError as error:
        raise OptionsError(f'the tags {TAG_PREFIX}*: {error}') from None


def _fitting(layers: Mapping[str, Layer], name: str) -> list[Layer]:
    return [layer for pattern, layer in layers.items() if fnmatchcase(name.lower(), pattern.lower())]


def _together(layers: Iterable[Layer]) -> Layer:
    """What is said on top holds; options are replaced one by one."""
    said: dict[str, Any] = {}
    options: dict[str, str | None] = {}
    for layer in layers:
        options.update(layer.options)
        said.update({part.name: value for part in dataclasses.fields(layer)
                     if (value := getattr(layer, part.name)) is not None})
    return Layer(**{**said, 'options': options})


def _join(path: str, key: str) -> str:
    return f'{path}.{key}' if path else key


def _place(path: str) -> str:
    return json.dumps(path, ensure_ascii=False) if path else 'the whole'


def _kind(content: Any) -> str:
    text = json.dumps(content)
    return text if len(text) <= 40 else f'{text[:37]}...'
