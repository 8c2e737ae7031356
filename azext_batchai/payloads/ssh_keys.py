"""The SSH public key of an administrator: given, found in the usual place, or made with `--generate-ssh-keys`."""
from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError
from knack.log import get_logger

logger = get_logger(__name__)

DEFAULT_PUBLIC_KEY = '~/.ssh/id_rsa.pub'
_KEY_TYPES = ('ssh-rsa', 'ssh-dss', 'ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384',
              'ecdsa-sha2-nistp521', 'sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com')


def public_key(value_or_path: str) -> str:
    """An OpenSSH public key given as such, or as the path of a file that holds it."""
    path = Path(os.path.expanduser(value_or_path))
    if is_file(path):
        try:
            return checked_key(path.read_text('utf-8'), f"the file '{value_or_path}'")
        except OSError as error:
            raise InvalidArgumentValueError(f"Cannot read the SSH key '{value_or_path}': {error.strerror}.") from None
        except UnicodeDecodeError:
            raise InvalidArgumentValueError(f"The file '{value_or_path}' holds no OpenSSH public key.") from None
    if _looks_like_path(value_or_path):
        raise InvalidArgumentValueError(f"The SSH key file '{value_or_path}' does not exist; --generate-ssh-keys makes "
                                        'it.')
    return checked_key(value_or_path, 'the value of --ssh-key/-k')


def default_key() -> str | None:
    """The key in the usual place, if there is one."""
    return public_key(DEFAULT_PUBLIC_KEY) if is_file(Path(os.path.expanduser(DEFAULT_PUBLIC_KEY))) else None


def key_or_plan(value_or_path: str | None) -> str:
    """The key that `--generate-ssh-keys` leads to; until `make_missing` has made it, a text that says so."""
    planned = _planned_files(value_or_path)
    return f'<a new key in {planned[1]}>' if planned else public_key(value_or_path or DEFAULT_PUBLIC_KEY)


def make_missing(value_or_path: str | None) -> None:
    """Make the pair of files that `--generate-ssh-keys` asks for, unless the key is there. A private key without its
    public one gets that. Raises the CLI error when a file cannot be written or the private key not be used."""
    planned = _planned_files(value_or_path)
    if not planned:
        return
    from azure.cli.core.keys import generate_ssh_keys
    private, public = planned
    is_new = not private.exists()
    try:
        generate_ssh_keys(str(private.absolute()), str(public.absolute()))
    except OSError as error:
        raise FileOperationError(f"Cannot make the SSH key '{public}': {error.strerror or error}.") from None
    except Exception as error:  # what it raises for a private key that it cannot use depends on the version of az
        raise FileOperationError(f"Cannot make '{public}' of the private key '{private}' ({error}); give another "
                                 'public key with --ssh-key/-k.') from None
    logger.warning("%s '%s' was made.", 'The SSH key pair' if is_new else 'The SSH public key',
                   private if is_new else public)


def checked_key(text: str, source: str) -> str:
    """`text` without blanks around it, once it is known to be a public key."""
    key = text.strip()
    if is_public_key(key):
        return key
    if 'PRIVATE KEY' in key:
        raise InvalidArgumentValueError(f'{_sentence(source)} is a private key; give the public one, '
                                        f'for example --ssh-key {DEFAULT_PUBLIC_KEY}.')
    raise InvalidArgumentValueError(
        f'{_sentence(source)} is neither an OpenSSH public key (ssh-rsa AAAA...) nor a file that holds one.')


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


def is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a key value is too long for a file name
        return False


def _planned_files(value_or_path: str | None) -> tuple[Path, Path] | None:
    """The private and the public key file to make, named as az names them elsewhere; None when `value_or_path` is a
    key, or a file that is there."""
    given = value_or_path or DEFAULT_PUBLIC_KEY
    public = Path(os.path.expanduser(given))
    if is_file(public) or given.startswith(_KEY_TYPES) or 'PRIVATE KEY' in given or '\n' in given:
        return None
    return public.with_suffix('') if public.suffix == '.pub' else public.with_name(f'{public.name}.private'), public


def _looks_like_path(text: str) -> bool:
    """Whether a value that is no file was meant to be one. The comment of a key may end like a path."""
    return text.startswith(('~', '/', './', '../')) or (text.endswith('.pub') and not text.startswith(_KEY_TYPES))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] if text.startswith('the ') else text
