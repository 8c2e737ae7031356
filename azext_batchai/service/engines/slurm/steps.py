"""Commands on nodes beside what runs there: a step of the job that has them, or else a small job of its own."""
from __future__ import annotations

import os
import shlex
import shutil
from typing import Sequence

from azext_batchai.service.engines.slurm.shares import Share

# Once for its notes, twice for its word on every exit code that is not 0. Where there may be no node for it, that
# has to be said.
_QUIET = ('--quiet', '--quiet')


def step_words(job: str, node_names: Sequence[str] = (), count: int = 1) -> list[str]:
    """The command that runs another one beside what runs in a job: on the nodes named, or else on the first `count`."""
    where = [f"--nodelist={','.join(node_names)}", f'--nodes={len(node_names)}', f'--ntasks={len(node_names)}'] \
        if node_names else [f'--nodes={count}', f'--ntasks={count}']
    return ['srun', f'--jobid={job}', '--overlap', *where, '--ntasks-per-node=1', '--mpi=none', '--export=ALL',
            *_QUIET]


def node_command(share: Share, name: str, job: str, command: str) -> str:
    """Shell text for this machine that runs the shell text `command` on the Slurm node of that name, with our own
    environment. `job` is the number of the job that has the node, empty when none of ours does."""
    words = step_words(job, [name])[1:] if job else [
        *(word for word in share.words if not word.startswith(('--mem', '--gres'))), '--nodes=1', '--ntasks=1',
        f'--nodelist={name}', '--immediate=10', '--mpi=none', '--export=ALL', '--quiet', '--job-name=batchai-exec']
    configuration = os.environ.get('SLURM_CONF')
    before = ['env', f'SLURM_CONF={configuration}'] if configuration else []
    return shlex.join([*before, shutil.which('srun') or 'srun', *words, '--input=none', '--unbuffered',
                       '/bin/sh', '-c', command])
