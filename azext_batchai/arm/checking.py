"""Check a JSON body against one of `arm.shapes` and say what is wrong in one line, with the JSON path.

fastjsonschema does the checking: pure Python, without dependencies, and compiled, so that the service can afford it
for every request. It is imported on first use.
"""
from __future__ import annotations

import difflib
from functools import lru_cache
from typing import Any, Callable

from azext_batchai.arm import shapes
from azext_batchai.arm.shapes import Schema

_KIND = {'string': 'a string', 'integer': 'a whole number', 'boolean': 'true or false', 'array': 'a list [...]',
         'object': 'an object {...}'}
# Objects and lists with a secret in them: whoever gives a text instead gives the secret itself.
_AROUND_SECRETS = frozenset({'credentials', 'secrets', 'userAccountSettings', 'appInsightsReference'})


class ShapeError(ValueError):
    """A body has a wrong type, an unknown or missing key, or a value out of range.

    `path` is the JSON path without a leading dot (``properties.nodeCount``), empty for the whole body.
    """

    def __init__(self, path: str, problem: str):
        super().__init__(f'{path}: {problem}' if path else problem)
        self.path = path
        self.problem = problem


def check(shape_name: str, body: Any) -> dict[str, Any]:
    """Return `body` ready for use: nulls and read-only keys dropped, enumeration values in their published case.

    `shape_name` is the name of a constant in `arm.shapes` or `arm.older_shapes`, for example ``JOB``. Raises
    ShapeError for the first thing that is wrong. `body` itself stays as it was.
    """
    import fastjsonschema
    cleaned = _clean(schema_of(shape_name), body)
    try:
        _validator(shape_name)(cleaned)
    except fastjsonschema.JsonSchemaValueException as error:
        raise ShapeError(*_explain(error)) from None
    return cleaned


def schema_of(shape_name: str) -> Schema:
    """The shape with that name; the older ones are made on first use."""
    if hasattr(shapes, shape_name):
        return getattr(shapes, shape_name)
    from azext_batchai.arm import older_shapes
    return getattr(older_shapes, shape_name)


@lru_cache(maxsize=None)
def _validator(shape_name: str) -> Callable[[Any], Any]:
    import fastjsonschema
    return fastjsonschema.compile(schema_of(shape_name), use_default=False, detailed_exceptions=True)


def _clean(schema: Schema, value: Any) -> Any:
    """What ARM does before it looks: null is the same as absent, read-only keys are ignored, enums have no case."""
    if isinstance(value, dict) and 'properties' in schema:
        known = schema['properties']
        return {key: _clean(known.get(key, {}), item) for key, item in value.items()
                if item is not None and not known.get(key, {}).get('readOnly')}
    if isinstance(value, list) and 'items' in schema:
        return [_clean(schema['items'], item) for item in value]
    if isinstance(value, float) and schema.get('type') == 'integer' and value.is_integer():
        return int(value)  # JSON knows no difference, but range() does
    if isinstance(value, str) and 'enum' in schema:
        return next((spelling for spelling in schema['enum'] if spelling.lower() == value.lower()), value)
    return value


def _explain(error: Any) -> tuple[str, str]:
    """Path and problem of a fastjsonschema error. Its own text repeats the whole path and quotes schema terms."""
    path = _join(error.path[1:])
    definition, rule, value = error.definition, error.rule, error.value
    key = next((part for part in reversed(error.path[1:]) if not _is_index(part)), '')
    secret = key in shapes.SECRET_KEYS or key in _AROUND_SECRETS or path.endswith('].value')
    if rule in ('additionalProperties', 'required') and 'properties' in definition:
        # A key that is misspelled is missing as well; the spelling is the better news.
        for unknown in sorted(set(value) - set(definition['properties'])):
            hint = nearest_hint(unknown, _writable(definition))
            return _join([*error.path[1:], unknown]), f'is not a known key{hint}'
        missing = next(key for key in definition['required'] if key not in value)
        return _join([*error.path[1:], missing]), 'is required'
    if rule == 'type':
        return path, f'should be {_KIND.get(definition["type"], definition["type"])}, but is {_describe(value, secret)}'
    if rule == 'enum':
        return path, f"should be one of {', '.join(definition['enum'])}, but is {_describe(value)}"
    if rule in ('minimum', 'maximum'):
        bound = 'at least' if rule == 'minimum' else 'at most'
        return path, f'should be {bound} {definition[rule]}, but is {value}'
    if rule == 'minLength':
        return path, 'must not be empty'
    if rule == 'pattern':
        return path, f'should be {definition["description"]}, but is {_describe(value)}'
    return path, error.message


def _writable(definition: Schema) -> list[str]:
    return [key for key, schema in definition['properties'].items() if not schema.get('readOnly')]


def nearest_hint(word: str, known: list[str]) -> str:
    """``; did you mean 'nodeCount'?``, or the known words when none is near."""
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{by_lower[near[0]]}'?"
    return f"; known here: {', '.join(sorted(known))}" if known else ''


def _join(parts: list[Any]) -> str:
    text = ''
    for part in parts:
        text += f'[{part}]' if _is_index(part) else f'.{_printable(part)}'
    return text.lstrip('.')


def _printable(key: str) -> str:
    """A key may be any text; what would end the line, or steer a terminal, is shown escaped."""
    return ''.join(character if character.isprintable() else ascii(character)[1:-1] for character in key)


def _is_index(part: Any) -> bool:
    return isinstance(part, int) or str(part).isdigit()


def _describe(value: Any, secret: bool = False) -> str:
    """The value in a few words; of a secret only its kind."""
    if secret and isinstance(value, (bool, int, float, str)):
        return 'true or false' if isinstance(value, bool) else 'a text' if isinstance(value, str) else 'a number'
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (int, float)):
        return f'the number {value}'
    if isinstance(value, str):
        shown = value if len(value) <= 40 else value[:37] + '...'
        return f'the text {shown!r}'
    return 'a list' if isinstance(value, list) else 'an object' if isinstance(value, dict) else 'null'
