"""Bodies with every property that one of the documents in tests/data has, each with a value of its own."""
import itertools
import json
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / 'data'
ARM = json.loads((DATA / 'arm-2018-03-01.json').read_text('utf-8'))
PUPPET = json.loads((DATA / 'puppet-2018-05-01.json').read_text('utf-8'))['types']

# Puppet's document does not tell a list from its items.
LISTS = {'environmentVariables', 'secrets', 'inputDirectories', 'outputDirectories', 'azureFileShares',
         'azureBlobFileSystems', 'fileServers', 'unmanagedFileSystems'}

# Never shown again, wherever they are; `value` is that of an item of `secrets`.
SECRETS = {'adminUserPassword', 'accountKey', 'instrumentationKey', 'password'}


def leaves(types, definition, path=(), marks=frozenset()):
    """Every property without properties of its own: its path, its fact, and the marks it has or inherits."""
    for name, fact in types[definition].items():
        own = marks | {mark for mark in ('readOnly', 'writeOnly') if fact.get(mark)}
        item = fact['items'] if 'items' in fact else fact
        inner = (*path, name, 0) if 'items' in fact or (types is PUPPET and name in LISTS) else (*path, name)
        if 'definition' in item and item['definition'] in types and 'additionalProperties' not in types[
                item['definition']]:
            yield from leaves(types, item['definition'], inner, own)
        else:
            yield inner, item, own


def sample(path, fact, numbers):
    if 'enum' in fact:
        return fact['enum'][-1]
    if fact.get('type') == 'integer':
        return next(numbers)
    if fact.get('type') == 'boolean':
        return path[-1] == 'runElevated'  # not the default
    return '_'.join(str(step) for step in path[-3:])


def full_body(types, definition, skipped=()):
    """Values for all leaves, as nested objects; those with a mark of `skipped` are left out."""
    body, numbers = {}, itertools.count(11)
    for path, fact, marks in leaves(types, definition):
        if not marks & set(skipped):
            put(body, path, sample(path, fact, numbers))
    return body


def put(body, path, value):
    *steps, last = path
    for step, following in zip(steps, path[1:]):
        empty = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if len(body) <= step:
                body.append(empty)
            body = body[step]
        else:
            body = body.setdefault(step, empty)
    if isinstance(last, int):
        body.append(value)
    else:
        body[last] = value


def at(body, path, missing=None):
    for step in path:
        if isinstance(step, int) and isinstance(body, list) and step < len(body):
            body = body[step]
        elif isinstance(body, dict) and step in body:
            body = body[step]
        else:
            return missing
    return body


def dotted(path):
    text = ''.join(f'[{step}]' if isinstance(step, int) else f'.{step}' for step in path)
    return text.lstrip('.')


def is_secret(path):
    return path[-1] in SECRETS or ('secrets' in path and path[-1] == 'value')
