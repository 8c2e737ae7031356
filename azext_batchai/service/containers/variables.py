"""The environment of a job in a container, which goes in by a file, and of the program that starts it. Pure."""
from __future__ import annotations

import re
import shlex
from typing import Iterable, Mapping

_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')
# Shells refuse to set these, and give up the whole file.
_READ_ONLY = frozenset({'BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID'})

_PROXIES = ('HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy')
# What podman and docker themselves go by.
_CLIENT = ('PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'TMPDIR', 'XDG_RUNTIME_DIR', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME',
           'DBUS_SESSION_BUS_ADDRESS', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY',
           'CONTAINER_HOST', 'CONTAINERS_CONF', 'CONTAINERS_STORAGE_CONF', 'CONTAINERS_REGISTRIES_CONF',
           'SSL_CERT_FILE', 'SSL_CERT_DIR', *_PROXIES)


def client_variables(host: Mapping[str, str]) -> dict[str, str]:
    """The environment for `commands`: nothing of the job, since others can see it."""
    return {'PATH': '/usr/local/bin:/usr/bin:/bin', **{name: host[name] for name in _CLIENT if name in host}}


def job_variables(own: Mapping[str, str], host: Mapping[str, str], gpus: Iterable[int]) -> dict[str, str]:
    """What a job sees in a container beside the image's own: the service's and the user's variables `own`, without
    what tasks inherit on the `host`, but for its proxies, since the network is the host's.

    A container counts its GPUs from 0, whichever of the host's they are.
    """
    numbers = list(gpus)
    found = {**{name: host[name] for name in _PROXIES if name in host}, **own}
    if numbers and found.get('CUDA_VISIBLE_DEVICES') == ','.join(map(str, numbers)):
        found['CUDA_VISIBLE_DEVICES'] = ','.join(map(str, range(len(numbers))))
    return found


def environment_file_text(variables: Mapping[str, str]) -> str:
    """A file that any POSIX shell can source; names that shells keep to themselves are left out.

    Raises ValueError for what no environment can hold.
    """
    for name, value in variables.items():
        if not _NAME.match(name):
            raise ValueError(f"'{name}' is not the name of an environment variable")
        if '\0' in value:
            raise ValueError(f'the environment variable {name} has a NUL character')
    return ''.join(f'export {name}={shlex.quote(value)}\n' for name, value in variables.items()
                   if name not in _READ_ONLY)
