"""What the signature of a request allows: all with an account key, less with a signed link (SAS)."""
from __future__ import annotations

from dataclasses import dataclass

from azext_batchai.service.storage.rest import errors

# Action -> its letter in a signed link.
ACTIONS = {'read': 'r', 'add': 'a', 'create': 'c', 'write': 'w', 'delete': 'd', 'list': 'l', 'update': 'u',
           'process': 'p', 'tag': 't', 'filter': 'f', 'move': 'm', 'execute': 'e', 'permanent': 'y',
           'version': 'x', 'immutability': 'i', 'ownership': 'o'}
_TYPES = {'service': 's', 'container': 'c', 'object': 'o'}


@dataclass(frozen=True)
class Permissions:
    """`letters` None: signed with a key of the account, so everything is allowed.

    `resource_types` are the letters of an account's link (``srt``); empty for a link to one container, share, folder,
    blob or file, which is only for what it names: `is_whole` says that this is a whole container or share.
    """
    letters: str | None
    resource_types: str = ''
    is_whole: bool = False

    def allows(self, action: str, level: str = 'object') -> bool:
        """Whether `require` would pass."""
        return self._refusal((action,), level) is None

    def require(self, *actions: str, level: str = 'object') -> None:
        """Raises the 403 error unless one of the `actions` (keys of ACTIONS) is allowed at that `level`.

        `level` is ``service`` for the account's list of containers or shares and its properties, ``container`` for one
        of them (and for listing in it), ``object`` for what is in it.
        """
        code = self._refusal(actions, level)
        if code:
            raise errors.known(code)

    def _refusal(self, actions: tuple[str, ...], level: str) -> str | None:
        if self.letters is None:
            return None
        if self.resource_types:
            if _TYPES[level] not in self.resource_types:
                return 'AuthorizationResourceTypeMismatch'
        elif level == 'service' or level == 'container' and (not self.is_whole or 'list' not in actions):
            return 'AuthorizationFailure'  # Azure: such a link neither makes nor shows nor deletes containers
        if not any(ACTIONS[action] in self.letters for action in actions):
            return 'AuthorizationPermissionMismatch'
        return None


EVERYTHING = Permissions(None)
