"""What this machine needs before Slurm can be asked anything."""
from __future__ import annotations

import os
import shutil
from pathlib import Path

_COMMANDS = ('sbatch', 'squeue', 'scancel', 'sinfo', 'scontrol', 'srun')
_CONFIGURATIONS = ('/etc/slurm/slurm.conf', '/etc/slurm-llnl/slurm.conf', '/usr/local/etc/slurm.conf')


def missing_here(data_dir: Path) -> str:
    """Why Slurm cannot be used here, with the service's data in `data_dir`, as a sentence; empty when it may be."""
    missing = [command for command in _COMMANDS if not shutil.which(command)]
    if missing:
        return (f"Slurm's command {missing[0]} is not on PATH; install Slurm's commands (Debian: slurm-client), or "
                'start the service on a machine that has them')
    named = os.environ.get('SLURM_CONF')
    if named and not os.path.exists(named):
        return f'SLURM_CONF names {named}, which is not there'
    if not str(data_dir).isprintable() or '\\' in str(data_dir):
        return (f'Slurm cannot use {data_dir}: it has a backslash or a letter that is not printable; choose another '
                'folder with --data-dir')
    return ''


def is_configured() -> bool:
    """Whether Slurm's controller is only away for now, as far as can be told."""
    named = os.environ.get('SLURM_CONF')
    return any(os.path.exists(path) for path in ([named] if named else _CONFIGURATIONS))
