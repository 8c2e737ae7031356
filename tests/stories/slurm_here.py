"""A Slurm cluster of four nodes on this machine, for stories."""
from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any, Iterator

from installed_az import ROOT

sys.path.append(str(ROOT / 'tests' / 'slurm'))


def why_no_slurm() -> str:
    """Why there can be none here; empty when there can."""
    from cluster import missing_for_slurm
    return str(missing_for_slurm())


@contextlib.contextmanager
def slurm_of_its_own(folder: Path, **settings: Any) -> Iterator[Any]:
    """A `SlurmCluster` that runs. `settings` are those of its class."""
    from cluster import SlurmCluster
    made = SlurmCluster(folder, **{'tuned': True, **settings})
    made.start()
    try:
        yield made
    finally:
        made.stop()
