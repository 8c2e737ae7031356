"""The service's own file of secrets: a JSON object of secret URLs and values, which its owner alone may read."""
from __future__ import annotations

import json
import os
import shlex
import stat
from pathlib import Path

from azext_batchai.service.secrets.references import SecretAddress, parse_secret_url

_LONGEST = 16 << 20


class BadSecretsFile(Exception):
    """The file is there and cannot be used; the text says why and what to do, and shows nothing of it."""


def read_secrets_file(path: Path) -> dict[SecretAddress, str]:
    """The values by address; none when there is no such file. Raises BadSecretsFile."""
    try:
        text = _read_private(path)
        content = json.loads(text)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadSecretsFile(f'the secrets file {path} cannot be read: {error.strerror}') from None
    except json.JSONDecodeError as error:
        raise BadSecretsFile(f'the secrets file {path} is not JSON: {error}') from None
    except (ValueError, RecursionError):
        raise BadSecretsFile(f'the secrets file {path} is not JSON in UTF-8') from None
    if not isinstance(content, dict):
        raise BadSecretsFile(f'the secrets file {path} should be a JSON object of secret URLs and values')
    found = {}
    for number, (url, value) in enumerate(content.items(), 1):
        try:
            address = parse_secret_url(url)
        except ValueError:  # which would show a value that stands where the URL should be
            address = None
        if address is None or not isinstance(value, str):
            raise BadSecretsFile(f'entry {number} of the secrets file {path} should be the URL of a secret and its '
                                 'value, a text')
        found[address] = value
    return found


def find_secret(values: dict[SecretAddress, str], wanted: SecretAddress) -> str | None:
    """The value of that version, else the one without a version, which stands for all of them.

    An entry with a version does not stand for the current one: nobody says here which that is.
    """
    return values.get(wanted, values.get(wanted.any_version))


def _read_private(path: Path) -> bytes:
    """Raises OSError, and BadSecretsFile for a file that others may read; the file looked at is the file read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BadSecretsFile(f'the secrets file {path} is not a regular file')
        if status.st_mode & 0o077:
            raise BadSecretsFile(f'the secrets file {path} can be used by others than its owner; run: '
                                 f'chmod 600 {shlex.quote(str(path))}')
        if status.st_uid not in (os.geteuid(), 0):
            raise BadSecretsFile(f'the secrets file {path} belongs to another user')
        if status.st_size > _LONGEST:
            raise BadSecretsFile(f'the secrets file {path} is larger than {_LONGEST >> 20} MiB')
        with open(descriptor, 'rb', closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)
