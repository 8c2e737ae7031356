"""The image of a job: the name it is pulled by, its registry, and the size of its shared memory. Pure."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# Whose images are named without their registry.
DOCKER_HUB = 'docker.io'

# What a private registry's images may be called by their settings, all meaning Docker Hub.
_HUB_HOSTS = frozenset({'docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com',
                        'hub.docker.com', 'www.docker.com', 'docker.com'})
_IMAGE = re.compile(r'[A-Za-z0-9\[][A-Za-z0-9._/:@+\[\]-]*\Z')
_SERVER = re.compile(r'(?:(https?)://)?((?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)'
                     r'((?:/[A-Za-z0-9][A-Za-z0-9._-]*)*)/?\Z', re.IGNORECASE | re.ASCII)
# The paths of the registry's own interface, which are no part of an image's name.
_INTERFACES = ('/v1', '/v2')
_SIZE = re.compile(r'(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?\Z', re.IGNORECASE | re.ASCII)
_UNITS = {unit: 1024 ** power for power, unit in enumerate(('', 'k', 'm', 'g', 't', 'p'))}


@dataclass(frozen=True)
class Image:
    """`given` is the name in the job, `full` the one with its registry, `server` the host and port of that, which
    credentials are for.

    `local` is what podman calls an image of that name that was made on this machine, empty where a registry was named.
    `plain_http` is a registry that the job itself addressed as ``http://``.
    """
    given: str
    full: str
    local: str
    server: str
    plain_http: bool = False


def read_image(registry: dict[str, Any]) -> Image:
    """The image of an `imageSourceRegistry`. Raises ValueError as `check_image` and `read_server` do."""
    given = registry['image']
    check_image(given)
    scheme, server, path = read_server(registry.get('serverUrl', ''))
    local = '' if registry.get('serverUrl') or _has_registry(given) else f'localhost/{given}'
    return Image(given, _qualified(given, server, path), local, server, scheme == 'http')


def check_image(name: str) -> None:
    """Raises ValueError for what cannot be the name of an image."""
    if '://' in name:
        raise ValueError("is an address; write the image's name, as in registry.example.com/team/image:tag")
    if not _IMAGE.match(name):
        raise ValueError(f"'{name}' is not the name of an image, such as ubuntu:22.04 or "
                         'registry.example.com/team/image:tag')


def read_server(url: str) -> tuple[str, str, str]:
    """Scheme, host with port, and path of a `serverUrl`; Docker Hub for none. Raises ValueError for another shape."""
    if not url:
        return 'https', DOCKER_HUB, ''
    if '@' in url:  # and perhaps a password, which is not to be shown
        raise ValueError('cannot have a user name; give that and the password as credentials')
    match = _SERVER.match(url)
    if not match:
        raise ValueError(f"'{url}' is not a registry, such as registry.example.com or https://registry.example.com:443")
    scheme, host, path = (match.group(1) or 'https').lower(), match.group(2).lower(), match.group(3)
    for interface in _INTERFACES:
        path = path.removesuffix(interface)
    return (scheme, DOCKER_HUB, '') if host in _HUB_HOSTS else (scheme, host, path)


def _qualified(image: str, server: str, path: str) -> str:
    """The name with its registry, whether it has it already or not; one that names another registry stays."""
    if _has_registry(image):
        first, _, rest = image.partition('/')
        return f'{DOCKER_HUB}/{_in_library(rest)}' if first.lower() in _HUB_HOSTS else image
    if server == DOCKER_HUB:
        return f'{DOCKER_HUB}/{_in_library(image)}'
    return f'{server}{path}/{image}'


def _has_registry(image: str) -> bool:
    first, slash, _ = image.partition('/')
    return bool(slash) and (any(sign in first for sign in '.:') or first.lower() == 'localhost')


def _in_library(name: str) -> str:
    """Docker Hub keeps the official images under a name of their own."""
    return name if '/' in name else f'library/{name}'


def shm_bytes(size: str) -> int:
    """The bytes of a size as docker writes it: ``16gb``, ``512m``, ``65536``. Raises ValueError for another shape."""
    match = _SIZE.match(size)
    found = int(float(match.group(1)) * _UNITS[match.group(2).lower()]) if match else 0
    if found < 1:
        raise ValueError(f"'{size}' is not a size of memory, such as 16gb, 512m or 67108864")
    return found
