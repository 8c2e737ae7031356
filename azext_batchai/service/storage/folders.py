"""Where accounts, shares, containers and file servers lie on this machine (design, section 9)."""
from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ACCOUNT = re.compile(r'[a-z0-9-]{1,63}\Z')
_SHARE = re.compile(r'[a-z0-9][a-z0-9-]{0,62}\Z|\$[a-z]{1,10}\Z')


def account_folder(data_dir: Path, account: str) -> Path:
    """The folder of a storage account. Raises ValueError for a name none can have."""
    return data_dir / 'storage' / _name(_ACCOUNT, account, 'storage account')


def share_folder(data_dir: Path, account: str, share: str) -> Path:
    """The folder of an Azure file share. Raises ValueError for a name no storage account or share can have."""
    return account_folder(data_dir, account) / 'file' / _name(_SHARE, share, 'share')


def container_folder(data_dir: Path, account: str, container: str) -> Path:
    """The folder of a blob container. Raises ValueError as `share_folder`."""
    return account_folder(data_dir, account) / 'blob' / _name(_SHARE, container, 'container')


def file_server_folder(data_dir: Path, guid: str) -> Path:
    return data_dir / 'fileservers' / guid


def split_file_url(url: str) -> tuple[str, str]:
    """Share and folder below it of an azureFileUrl: ``https://a.file.core.windows.net/share/sub`` gives
    ``('share', 'sub')``. Raises ValueError."""
    parts = urlsplit(url)
    share, _, below = unquote(parts.path).strip('/').partition('/')
    if parts.scheme != 'https' or not parts.hostname or not share:
        raise ValueError(f"'{url}' is not the address of a file share; "
                         'write https://<account>.file.core.windows.net/<share>')
    if '..' in below.split('/') or '\x00' in below:
        raise ValueError(f"'{url}' must not contain '..' or NUL")
    return share, below


def _name(rule: re.Pattern[str], name: str, what: str) -> str:
    lowered = name.lower()
    if not rule.match(lowered):
        raise ValueError(f"'{name}' is not the name of a {what}: letters, digits and - only")
    return lowered
