"""Which options of `sbatch` a user may add. Only those that say where, for whom and with what a job is scheduled: what
a job runs, as whom, and where its files are, is for the service to say."""
from __future__ import annotations

import re

# These have a key of their own in slurm.json, and a tag.
KEYED = ('partition', 'account', 'qos', 'constraint', 'gres')
_WITH_VALUE = frozenset((
    'acctg-freq', 'begin', 'cluster-constraint', 'core-spec', 'cores-per-socket', 'cpu-freq', 'deadline',
    'delay-boot', 'distribution', 'extra', 'gpu-bind', 'gpu-freq', 'gpus-per-node', 'gres-flags', 'hint', 'licenses',
    'mail-type', 'mail-user', 'mcs-label', 'mem', 'mem-bind', 'mem-per-cpu', 'mem-per-gpu', 'mincpus', 'network',
    'power', 'prefer', 'profile', 'reservation', 'sockets-per-node', 'switches', 'thread-spec', 'threads-per-core',
    'time-min', 'tmp', 'tres-bind', 'tres-per-task', 'wait-all-nodes', 'wckey'))
_FLAGS = frozenset(('contiguous', 'spread-job', 'use-min-nodes'))
_NOT_OURS_TO_GIVE = {
    'nodes': 'a job has the nodeCount of its own', 'ntasks': 'a job has the nodeCount of its own',
    'nodelist': 'nodes are chosen by the cluster', 'nodefile': 'nodes are chosen by the cluster',
    'exclude': 'nodes are chosen by the cluster', 'exclusive': 'a job always has its nodes to itself',
    'oversubscribe': 'a job always has its nodes to itself', 'time': "set maxWallClockTime in the job's constraints",
    'priority': 'set the priority of the job', 'nice': 'set "nice" in slurm.json',
    'job-name': 'it is the name of the job', 'comment': 'the service finds its jobs by it',
    'array': 'each job is submitted by itself', 'dependency': 'each job is submitted by itself',
    'clusters': 'run a service for each Slurm', 'environment': "set environmentVariables in the job",
    'export': "set environmentVariables in the job", 'export-file': "set environmentVariables in the job",
    'requeue': 'the service itself repeats jobs', 'no-requeue': 'the service itself repeats jobs',
    'hold': 'nothing would release the job'}
_WORD = re.compile(r'--([a-z][a-z-]*)(?:=(.*))?\Z', re.DOTALL)
_LONGEST_VALUE = 256


class WordError(ValueError):
    """The text is a sentence about an option or a value, without the place where it was given."""


def split_option(word: str) -> tuple[str, str | None]:
    """Name and value of ``--name=value`` or ``--flag``, checked. Raises WordError."""
    found = _WORD.match(word)
    if not found:
        raise WordError(f'{word[:60]!r} is no option; write it as "--name=value", for example "--reservation=course"')
    name, value = found.groups()
    if name in _FLAGS:
        if value is not None:
            raise WordError(f'"--{name}" takes no value')
        return name, None
    if name not in _WITH_VALUE and name not in KEYED:
        why = _NOT_OURS_TO_GIVE.get(name, 'only options about scheduling can be added: '
                                    + ', '.join(sorted((*_WITH_VALUE, *_FLAGS, *KEYED))))
        raise WordError(f'"--{name}" cannot be added: {why}')
    if value is None:
        raise WordError(f'"--{name}" needs a value; write "--{name}=value" as one word')
    return name, check_value(name, value)


def check_value(name: str, value: str) -> str:
    """The value of an option or a key of its own, when Slurm can only read it as that. Raises WordError."""
    if not value.strip():
        raise WordError(f'{name} is empty; leave it out')
    if value[0] == '-':
        raise WordError(f'{name} begins with a dash: {value[:60]!r}')
    if len(value) > _LONGEST_VALUE:
        raise WordError(f'{name} is longer than {_LONGEST_VALUE} characters')
    if not value.isprintable() or not value.isascii():
        raise WordError(f'{name} has a line end or another letter that Slurm does not take: {value[:60]!r}')
    if name in KEYED and ' ' in value:
        raise WordError(f'{name} has a space in it: {value[:60]!r}')
    if name == 'partition' and ',' in value:
        raise WordError(f'partition names several: {value[:60]!r}; a cluster is a share of one')
    return value
