"""What a published property promises, checked against the service: one resource is made for each look at a property."""
from __future__ import annotations

from itertools import count
from typing import Any, Callable, Iterable

from published_types import Property
from sample_values import Samples, is_secret, without_secrets, wrong_value

# Of no property's type: what is ignored is not looked at either.
_SENT = {'sent': 'by the client'}


class PropertyContract:
    """`address` makes the path of a resource from a name, `base` is a body that is accepted, `more` has values for
    `Samples`, `reply_names` the names that are others in a reply."""

    def __init__(self, service: Any, properties: Iterable[Property], address: Callable[[str], str],
                 base: dict[str, Any], version: str, more: dict[str, Any], reply_names: dict[str, str] | None = None):
        self._service = service
        self._known = {each.path: each for each in properties}
        self._address = address
        self._base = base
        self._version = version
        self._reply_names = reply_names or {}
        self._samples = Samples(self._known.values(), more)
        self._numbers = count()

    def check(self, path: str, value: Any = None) -> str:
        """Send a property, with a value of its type or the given one, and look at what comes back. Returns what it
        turned out to be; fails when that is not what was published."""
        wanted = self._known[path]
        if wanted.read_only:
            return self._check_read_only(wanted)
        sent = self._samples.value(wanted) if value is None else value
        address, answer = self._put(self._samples.around(wanted, sent))
        assert answer.status_code == 202, answer.text
        reply = self._get(address)
        reply_name = self._reply_names.get(wanted.name)
        shown = values_at(reply.json()['properties'],
                          path.removesuffix(wanted.name) + reply_name if reply_name else path)
        if is_secret(path):
            assert not shown and sent not in reply.text
            return 'taken and never shown'
        if wanted.write_only:
            assert not shown
            return 'taken and not shown'
        assert any(_holds(each, without_secrets(sent, path)) for each in shown), (sent, reply.json())
        return 'taken and returned'

    def _check_read_only(self, wanted: Property) -> str:
        address, answer = self._put(self._samples.around(wanted, _SENT))
        assert answer.status_code == 202, answer.text
        assert _SENT['sent'] not in self._get(address).text
        return 'ignored in a request'

    def check_wrong_type(self, path: str) -> None:
        """A value of another type is refused, and the error names the property."""
        wanted = self._known[path]
        address, answer = self._put(self._samples.around(wanted, wrong_value(wanted)))
        self._expect_refusal(address, answer, wanted.target)

    def check_missing(self, path: str) -> None:
        """A required property is missed by its path."""
        wanted = self._known[path]
        body = self._samples.around(wanted, None)
        address, answer = self._put(body, without=path if not wanted.owner else '')
        self._expect_refusal(address, answer, wanted.target)
        assert 'is required' in answer.json()['error']['message']

    def check_unknown_neighbour(self, path: str) -> None:
        """A misspelt key beside a property is refused, and the error says which was meant."""
        wanted = self._known[path]
        body = self._samples.around(wanted, self._samples.value(wanted))
        place: Any = body
        for part in wanted.owner.split('.') if wanted.owner else ():
            place = place[part.removesuffix('[]')]
            place = place[0] if isinstance(place, list) else place
        place[f'{wanted.name}x'] = place.pop(wanted.name)
        address, answer = self._put(body)
        assert answer.status_code == 400, answer.text
        error = answer.json()['error']
        misspelt = wanted.target.removesuffix('[0]') + 'x'
        assert error['target'] == misspelt and f"did you mean '{wanted.name}'?" in error['message'], error

    def _put(self, given: dict[str, Any], without: str = '') -> tuple[str, Any]:
        address = self._address(f'n{next(self._numbers)}')
        properties = _merged(self._base['properties'], given)
        if any(name.endswith('Settings') and name != 'customToolkitSettings' and 'nodeCount' in properties
               and name != 'containerSettings' for name in given):
            properties.pop('customToolkitSettings', None)  # a job has one toolkit
        properties.pop(without, None)
        return address, self._service.put(address, {**self._base, 'properties': properties}, version=self._version)

    def _get(self, address: str) -> Any:
        reply = self._service.get(address, version=self._version)
        assert reply.status_code == 200, reply.text
        return reply

    def _expect_refusal(self, address: str, answer: Any, target: str) -> None:
        assert answer.status_code == 400, (answer.status_code, answer.text)
        error = answer.json()['error']
        assert error.get('target', '') == target, error
        assert self._service.get(address, version=self._version).status_code == 404, 'it was made all the same'


def _merged(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """`given` over `base`, objects key by key; None stands for a key that is left out."""
    merged = dict(base)
    for key, value in given.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merged(base[key], value) if both else value
    return {key: value for key, value in merged.items() if value is not None}


def values_at(properties: dict[str, Any], path: str) -> list[Any]:
    """Everything that stands at a path; a list at its end counts as one thing."""
    found: list[Any] = [properties]
    *outer, last = path.split('.')
    for part in outer:
        found = [item[part.removesuffix('[]')] for item in found if part.removesuffix('[]') in item]
        if part.endswith('[]'):
            found = [each for item in found for each in item]
    return [item[last.removesuffix('[]')] for item in found if last.removesuffix('[]') in item]


def _holds(shown: Any, sent: Any) -> bool:
    """Whether a reply has all that was sent; defaults may have been filled in."""
    if isinstance(sent, dict):
        return isinstance(shown, dict) and all(key in shown and _holds(shown[key], item) for key, item in sent.items())
    if isinstance(sent, list):
        return isinstance(shown, list) and len(shown) == len(sent) and all(map(_holds, shown, sent))
    if isinstance(sent, str) and sent.startswith('/subscriptions/'):
        return isinstance(shown, str) and shown.lower() == sent.lower()
    return bool(shown == sent)
