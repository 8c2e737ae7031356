"""A valid value for any published property, and the smallest valid object around it."""
from __future__ import annotations

from typing import Any, Iterable

from published_types import Property

_VAULT = '/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/v'
_IMAGE = '/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/rg/providers/Microsoft.Compute/images/i'
_NETWORK = ('/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/rg/providers/Microsoft.Network/'
            'virtualNetworks/n/subnets/s')
_INSIGHTS = ('/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/rg/providers/Microsoft.Insights/'
             'components/c')

# By the end of the path, the longest that fits. What is not here gets any text, 2, or true.
_VALUES: dict[str, Any] = {
    'sourceVault.id': _VAULT, 'subnet.id': _NETWORK, 'component.id': _INSIGHTS,
    'secretUrl': 'https://v.vault.azure.net/secrets/s/1', 'virtualMachineImageId': _IMAGE,
    'azureFileUrl': 'https://acct.file.core.windows.net/share', 'accountName': 'acct', 'containerName': 'box',
    'relativeMountPath': 'place', 'mountCommand': 'mount --bind /tmp', 'sourceDirectory': 'part',
    'fileMode': '0755', 'directoryMode': '0700', 'pathSuffix': 'deep/down', 'maxWallClockTime': 'P1D',
    'environmentVariables[].name': 'SOME_NAME', 'secrets[].name': 'SECRET_NAME',
    'inputDirectories[].id': 'DATA', 'outputDirectories[].id': 'MODEL', 'vmSize': 'STANDARD_D2',
    'adminUserSshPublicKey': 'ssh-rsa AAAAB3NzaC1yc2E= alex', 'languageType': 'Python', 'communicationBackend': 'MPI',
    'imageSourceRegistry.image': 'ubuntu:22.04', 'imageSourceRegistry.serverUrl': 'registry.example.com',
    'containerSettings.shmSize': '512m',
    'minimumNodeCount': 1, 'maximumNodeCount': 3, 'nodeCount': 1, 'priority': -7, 'publicIPsToAllow[]': '10.0.0.0/8',
    'createNew': False, 'schedulingPriority': 'high', 'parameterServerCount': 1,
}
# What an object needs beside the property that is looked at, where no document marks it as required.
_BESIDE: dict[str, dict[str, Any]] = {
    'secrets[]': {'value': 'shh-do-not-tell'},
    'credentials': {'accountKey': 'a-very-secret-key=='},
    'imageSourceRegistry.credentials': {'password': 'shh-do-not-tell'},
    'caffeSettings': {'pythonScriptFilePath': 'train.py'},
    'cntkSettings': {'languageType': 'Python', 'pythonScriptFilePath': 'train.py'},
    'customToolkitSettings': {'commandLine': 'true'},
    'tensorFlowSettings': {'pythonScriptFilePath': 'train.py', 'workerCount': 2},
    'appInsightsReference': {'instrumentationKey': 'shh-do-not-tell'},
}
# Of these only one may be given, so the second takes the place of what `_BESIDE` has.
_INSTEAD_OF = {
    'valueSecretReference': {'value'}, 'accountKeySecretReference': {'accountKey'},
    'passwordSecretReference': {'password'}, 'instrumentationKeySecretReference': {'instrumentationKey'},
}
_TOOLKIT_INSTEAD = {'caffeSettings.configFilePath': {'pythonScriptFilePath'},
                    'cntkSettings.configFilePath': {'pythonScriptFilePath', 'languageType'}}
_SECRET_ENDS = ('accountKey', 'adminUserPassword', 'instrumentationKey', 'password', 'secrets[].value')


class Samples:
    """Values for the properties of one resource. `more` has values by path that only the test knows, such as ids."""

    def __init__(self, properties: Iterable[Property], more: dict[str, Any]):
        self._known = {each.path: each for each in properties}
        self._more = more

    def value(self, wanted: Property) -> Any:
        """A valid value for the property; a list has one item, an object what it needs and at least one key."""
        return [self._item(wanted)] if wanted.many else self._item(wanted)

    def _item(self, wanted: Property) -> Any:
        if wanted.kind == 'object':
            if not self._inner(wanted.path):  # an object of any keys
                return {'kind': 'small'}
            smallest = self.smallest(wanted.path)
            first = next(each for each in self._inner(wanted.path) if not each.read_only)
            return smallest or {first.name: self.value(first)}
        if wanted.path in self._more:
            return self._more[wanted.path]
        ends = [end for end in _VALUES if wanted.path == end or wanted.path.endswith(f'.{end}')]
        if ends:
            return _VALUES[max(ends, key=len)]
        if wanted.values:
            return wanted.values[-1]
        return {'integer': 2, 'boolean': True}.get(wanted.kind, f'some {wanted.name}')

    def smallest(self, path: str) -> dict[str, Any]:
        """The required properties of the object at a path, with what only makes sense together."""
        needed = {each.name: self.value(each) for each in self._inner(path) if each.required and not each.read_only}
        beside = [end for end in _BESIDE if path == end or path.endswith(f'.{end}')]
        return {**needed, **(_BESIDE[max(beside, key=len)] if beside else {})}

    def around(self, wanted: Property, value: Any) -> dict[str, Any]:
        """The resource's properties as far as they lead to the given one, which has `value`."""
        top: dict[str, Any] = {}
        place, path = top, ''
        *outer, last = wanted.path.split('.')
        for part in outer:
            path = f'{path}.{part}' if path else part
            inner = self.smallest(path)
            _put(place, part, path, [inner] if part.endswith('[]') else inner)
            place = inner
        _put(place, last, wanted.path, value)
        return top

    def _inner(self, path: str) -> list[Property]:
        return [each for each in self._known.values() if each.owner == path]


def _put(place: dict[str, Any], part: str, path: str, value: Any) -> None:
    for other in _INSTEAD_OF.get(part, _TOOLKIT_INSTEAD.get(path, ())):
        place.pop(other, None)
    place[part.removesuffix('[]')] = value


def wrong_value(wanted: Property) -> Any:
    """A value of another type."""
    if wanted.many or wanted.kind == 'object':
        return 'text'
    return {'string': 12, 'integer': 'many', 'boolean': 'perhaps'}[wanted.kind]


def is_secret(path: str) -> bool:
    return path.endswith(_SECRET_ENDS)


def without_secrets(value: Any, path: str) -> Any:
    """What a reply may show of a value that was sent at a path."""
    if isinstance(value, list):
        return [without_secrets(item, path) for item in value]
    if isinstance(value, dict):
        return {key: without_secrets(item, inner) for key, item in value.items()
                for inner in [f'{path}.{key}{"[]" if isinstance(item, list) else ""}'] if not is_secret(inner)}
    return value
