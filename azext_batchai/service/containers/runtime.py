"""The program that runs containers here, podman or docker, and the options it is to get every time."""
from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass

NONE = 'none'
# What `container_runtime` may be; nothing is the first of podman and docker that is there.
RUNTIMES = ('podman', 'docker', NONE)

# Options that stand before the subcommand, each with a value.
_GLOBAL = {
    'podman': {'--cdi-spec-dir', '--cgroup-manager', '--conmon', '--connection', '--events-backend', '--hooks-dir',
               '--identity', '--imagestore', '--log-level', '--module', '--network-cmd-path', '--network-config-dir',
               '--root', '--runroot', '--runtime', '--runtime-flag', '--storage-driver', '--storage-opt', '--tmpdir',
               '--url', '--volumepath'},
    'docker': {'--context', '--host', '--log-level', '--tlscacert', '--tlscert', '--tlskey'},
}


@dataclass(frozen=True)
class Runtime:
    """`global_options` go before every subcommand, `run_options` to ``run`` only."""
    name: str
    path: str
    global_options: tuple[str, ...] = ()
    run_options: tuple[str, ...] = ()


def find_runtime(setting: str, search_path: str, options: str = '') -> Runtime | None:
    """The runtime of a setting ('' or one of RUNTIMES) on a ``PATH``; None when there is none, or none is wanted.

    `options` is the setting `container_options`, quoted as for a shell; it raises ValueError for quotes that do not
    match.
    """
    for name in () if setting == NONE else (setting,) if setting else ('podman', 'docker'):
        path = shutil.which(name, path=search_path)
        if path:
            return Runtime(name, path, *_split(name, shlex.split(options)))
    return None


def no_runtime_problem(setting: str) -> str:
    """What a job is told that cannot have its container, because the runtime of the setting is not there."""
    wanted = f'{setting} is not' if setting else 'neither podman nor docker is'
    package = {'podman': 'podman', 'docker': 'docker.io'}.get(setting, 'podman or docker.io')
    return (f'{wanted} on the PATH of the service: install the package {package}, or have such jobs run directly on '
            "the node: 'az batchai service stop', then 'az batchai service start --container-runtime none'")


def _split(name: str, words: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The options of the program itself, and those of ``run``."""
    before: list[str] = []
    after: list[str] = []
    rest = iter(words)
    for word in rest:
        option, has_value, _ = word.partition('=')
        if option not in _GLOBAL[name]:
            after.append(word)
        elif has_value:
            before.append(word)
        else:
            before += [word, *([value] if (value := next(rest, None)) is not None else [])]
    return tuple(before), tuple(after)
