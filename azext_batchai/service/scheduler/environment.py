"""The variables a job sees, and the expansion of ``$NAME`` in paths. Pure.

Names and meanings: semantics sheet, section 1.1. Where the documents contradict each other, ``docs/decisions.md``
says what was chosen.
"""
from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping

from azext_batchai.service.job_user import JobUser

_REFERENCE = re.compile(r'\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))')

# What a task inherits from the environment the service was started in: a list of what may pass, so that tokens and
# other settings of that shell do not reach jobs.
_INHERITED = ('PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH',
              'CUDA_HOME', 'CUDA_PATH', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'SSL_CERT_FILE', 'SSL_CERT_DIR',
              'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy')


def inherited(environment: Mapping[str, str], job_user: JobUser | None = None) -> dict[str, str]:
    """The part of the service's own environment that jobs get, when they run as `job_user`."""
    kept = {name: environment[name] for name in _INHERITED if name in environment}
    kept.update({name: value for name, value in environment.items() if name.startswith('LC_')})
    kept.setdefault('PATH', '/usr/local/bin:/usr/bin:/bin')
    if job_user:
        kept.pop('TMPDIR', None)  # root's
        kept.update(job_user.variables)
    return kept


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$NAME`` and ``${NAME}``; an unknown name becomes nothing, as in a shell."""
    return _REFERENCE.sub(lambda match: variables.get(match.group(1) or match.group(2), ''), text)


def expand_known(text: str, variables: Mapping[str, str]) -> str:
    """As `expand`, for commands that people are shown: names that a shell may set itself stay."""
    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        return variables.get(name, '' if name.startswith('AZ_BATCH') else match.group(0))
    return _REFERENCE.sub(value, text)


def expand_service_names(text: str, variables: Mapping[str, str]) -> str:
    """As `expand`, for values of user variables: only ``AZ_BATCH*`` names, so that other dollars stay."""
    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        return variables.get(name, '') if name.startswith('AZ_BATCH') else match.group(0)
    return _REFERENCE.sub(value, text)


@dataclass(frozen=True)
class NodePlace:
    """A node as its tasks see it."""
    folder: Path
    address: str
    gpus: tuple[int, ...]
    cores: int
    machine_has_gpus: bool = False

    @property
    def mount_root(self) -> Path:
        return self.folder / 'mounts'


@dataclass(frozen=True)
class JobPlace:
    """The folders of a job on one of its nodes: ``<node>/jobs/<workspace>/<experiment>/<job>``."""
    temp: Path

    @property
    def mount_root(self) -> Path:
        return self.temp / 'mounts'

    @property
    def shared(self) -> Path:
        return self.temp / 'shared'

    @property
    def private(self) -> Path:
        """What the service puts there for its own use; gone with the attempt."""
        return self.temp / '.batchai'

    @property
    def host_file(self) -> Path:
        return self.temp / 'hostfile'


def node_variables(node: NodePlace) -> dict[str, str]:
    """What every task on a node sees, a cluster's setup task included."""
    variables = {'AZ_BATCHAI_MOUNT_ROOT': str(node.mount_root), 'AZ_BATCHAI_NUM_GPUS': str(len(node.gpus)),
                 'OMP_NUM_THREADS': str(node.cores)}
    if node.machine_has_gpus:
        variables['CUDA_VISIBLE_DEVICES'] = ','.join(str(number) for number in node.gpus)
    return variables


def job_variables(node: NodePlace, place: JobPlace, addresses: Iterable[str]) -> dict[str, str]:
    """What the service itself sets for a job, before its directories and its own variables."""
    return {
        **node_variables(node),
        'AZ_BATCHAI_JOB_MOUNT_ROOT': str(place.mount_root),
        'AZ_BATCHAI_JOB_TEMP': str(place.temp),
        'AZ_BATCHAI_JOB_TEMP_DIR': str(place.temp),
        'AZ_BATCHAI_SHARED_JOB_TEMP': str(place.shared),
        'AZ_BATCHAI_MPI_HOST_FILE': str(place.host_file),
        'AZ_BATCH_HOST_LIST': ','.join(addresses),
    }


def output_folders(properties: dict[str, Any], segment: str, variables: Mapping[str, str]) -> dict[str, Path]:
    """Where the logs (``stdouterr``) and each output directory go (semantics sheet, section 5).

    Raises ValueError for a path that is not absolute or climbs, once its variables are known.
    """
    folders = {'stdouterr': absolute(properties['stdOutErrPathPrefix'], variables) / segment / 'stdouterr'}
    for directory in properties.get('outputDirectories', []):
        below = expand(directory.get('pathSuffix', ''), variables)
        if below.startswith('/') or '..' in Path(below).parts:
            raise ValueError(f"'{directory['pathSuffix']}' becomes '{below}', which leads out of the directory")
        folders[directory['id']] = absolute(directory['pathPrefix'], variables) / segment / 'outputs' / below
    return folders


def absolute(prefix: str, variables: Mapping[str, str]) -> Path:
    """The folder that a path prefix names. Raises ValueError when that is no absolute path, also when it is one only
    because the variable it begins with does not exist."""
    expanded = expand(prefix, variables)
    first = _REFERENCE.match(prefix)
    if first and (name := first.group(1) or first.group(2)) not in variables:
        raise ValueError(f"'{prefix}' begins with ${name}, and there is no such variable; begin it with "
                         '$AZ_BATCHAI_MOUNT_ROOT')
    if not expanded.startswith('/'):
        raise ValueError(f"'{prefix}' becomes '{expanded}', which is not an absolute path; begin it with "
                         '$AZ_BATCHAI_MOUNT_ROOT')
    return Path(expanded)


def directory_variables(properties: dict[str, Any], folders: Mapping[str, Path], variables: Mapping[str, str]
                        ) -> dict[str, str]:
    """``AZ_BATCHAI_INPUT_<id>``, ``AZ_BATCHAI_OUTPUT_<id>`` and the folder of the logs."""
    named = {'AZ_BATCHAI_STDOUTERR_DIR': str(folders['stdouterr'])}
    for directory in properties.get('inputDirectories', []):
        named[f"AZ_BATCHAI_INPUT_{directory['id']}"] = expand(directory['path'], variables)
    for directory in properties.get('outputDirectories', []):
        named[f"AZ_BATCHAI_OUTPUT_{directory['id']}"] = str(folders[directory['id']])
    return named


def user_variables(block: dict[str, Any], secrets: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """A job's or setup task's own `environmentVariables` and `secrets`. Secret values are taken as they are."""
    named = {item['name']: expand_service_names(item['value'], variables)
             for item in block.get('environmentVariables', [])}
    named.update({item['name']: secrets[item['name']] for item in block.get('secrets', []) if item['name'] in secrets})
    return named


def host_file(slots: Iterable[tuple[str, int]]) -> str:
    """An Open MPI host file from pairs of address and process count: a line a node with its count and its limit
    (semantics sheet, section 1.1). Nodes of one machine share a line, because Open MPI takes an address only once."""
    counts: Counter[str] = Counter()
    for address, count in slots:
        counts[address] += count
    return ''.join(f'{address} slots={count} max_slots={count}\n' for address, count in counts.items() if count)
