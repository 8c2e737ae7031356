"""The administrator account of cluster nodes and file servers."""
from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

from azext_batchai.payloads import ssh_keys


@dataclass(frozen=True)
class AccountOptions:
    """What the command line says about the account."""
    user_name: str | None = None
    password: str | None = None
    ssh_key: str | None = None
    generate_ssh_keys: bool = False


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
    if options.generate_ssh_keys:
        account['adminUserSshPublicKey'] = ssh_keys.key_or_plan(options.ssh_key)
    elif options.ssh_key:
        account['adminUserSshPublicKey'] = ssh_keys.public_key(options.ssh_key)
    elif account.get('adminUserSshPublicKey'):
        account['adminUserSshPublicKey'] = ssh_keys.checked_key(account['adminUserSshPublicKey'],
                                                                'adminUserSshPublicKey')
    if not account.get('adminUserPassword') and not account.get('adminUserSshPublicKey'):
        account['adminUserSshPublicKey'] = _default_key()
    return account


def _default_key() -> str:
    key = ssh_keys.default_key()
    if key:
        return key
    raise RequiredArgumentMissingError('Give the administrator a password with --password/-p or an SSH public key '
                                       'with --ssh-key/-k (a value or a path such as ~/.ssh/id_rsa.pub), or have a key '
                                       'made with --generate-ssh-keys.')


def _current_user() -> str:
    try:
        return getpass.getuser()
    except Exception:  # what it raises differs between Python versions and platforms
        raise RequiredArgumentMissingError('Say how to call the administrator with --user-name/-u.') from None
