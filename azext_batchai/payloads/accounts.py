"""The administrator account of cluster nodes and file servers."""
from __future__ import annotations

import base64
import binascii
import getpass
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

DEFAULT_PUBLIC_KEY = '~/.ssh/id_rsa.pub'
_KEY_TYPES = ('ssh-rsa', 'ssh-dss', 'ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384',
              'ecdsa-sha2-nistp521', 'sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com')


@dataclass(frozen=True)
class AccountOptions:
    """What the command line says about the account."""
    user_name: str | None = None
    password: str | None = None
    ssh_key: str | None = None


def user_account(options: AccountOptions, configured: dict[str, Any] | None = None) -> dict[str, Any]:
    """The `userAccountSettings` of a request: the options, else the config file, else this user and their key."""
    account = dict(configured or {})
    if options.user_name or not account.get('adminUserName'):
        account['adminUserName'] = options.user_name or _current_user()
    if account['adminUserName'].lower() == 'admin':
        raise InvalidArgumentValueError("The user name 'admin' is taken by a group on every node; "
                                        'choose another with --user-name/-u.')
    if options.password:
        account['adminUserPassword'] = options.password
    if options.ssh_key:
        account['adminUserSshPublicKey'] = public_key(options.ssh_key)
    elif account.get('adminUserSshPublicKey'):
        account['adminUserSshPublicKey'] = _checked_key(account['adminUserSshPublicKey'], 'adminUserSshPublicKey')
    if not account.get('adminUserPassword') and not account.get('adminUserSshPublicKey'):
        account['adminUserSshPublicKey'] = _default_key()
    return account


def public_key(value_or_path: str) -> str:
    """An OpenSSH public key given as such, or as the path of a file that holds it."""
    path = Path(os.path.expanduser(value_or_path))
    if _exists(path):
        try:
            return _checked_key(path.read_text('utf-8'), f"the file '{value_or_path}'")
        except OSError as error:
            raise InvalidArgumentValueError(f"Cannot read the SSH key '{value_or_path}': {error.strerror}.") from None
        except UnicodeDecodeError:
            raise InvalidArgumentValueError(f"The file '{value_or_path}' holds no OpenSSH public key.") from None
    if _looks_like_path(value_or_path):
        raise InvalidArgumentValueError(f"The SSH key file '{value_or_path}' does not exist.")
    return _checked_key(value_or_path, 'the value of --ssh-key/-k')


def is_public_key(text: str) -> bool:
    """Whether `text` is one OpenSSH public key: type, base64 that repeats the type, optional comment."""
    words = text.split(None, 2)
    if len(words) < 2 or words[0] not in _KEY_TYPES or '\n' in text.strip():
        return False
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        return False
    kind = words[0].encode()
    return blob.startswith(len(kind).to_bytes(4, 'big') + kind) and len(blob) > len(kind) + 4


def _checked_key(text: str, source: str) -> str:
    key = text.strip()
    if is_public_key(key):
        return key
    if 'PRIVATE KEY' in key:
        raise InvalidArgumentValueError(f'{_sentence(source)} is a private key; give the public one, '
                                        f'for example --ssh-key {DEFAULT_PUBLIC_KEY}.')
    raise InvalidArgumentValueError(
        f'{_sentence(source)} is neither an OpenSSH public key (ssh-rsa AAAA...) nor a file that holds one.')


def _looks_like_path(text: str) -> bool:
    """Whether a value that is no file was meant to be one. The comment of a key may end like a path."""
    return text.startswith(('~', '/', './', '../')) or (text.endswith('.pub') and not text.startswith(_KEY_TYPES))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] if text.startswith('the ') else text


def _default_key() -> str:
    if _exists(Path(os.path.expanduser(DEFAULT_PUBLIC_KEY))):
        return public_key(DEFAULT_PUBLIC_KEY)
    raise RequiredArgumentMissingError('Give the administrator a password with --password/-p or an SSH public key '
                                       'with --ssh-key/-k (a value or a path such as ~/.ssh/id_rsa.pub).')


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a key value is too long for a file name
        return False


def _current_user() -> str:
    try:
        return getpass.getuser()
    except Exception:  # what it raises differs between Python versions and platforms
        raise RequiredArgumentMissingError('Say how to call the administrator with --user-name/-u.') from None
