"""The folder of a launch: write it whole, and know one that is."""
from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Mapping, Sequence

from azext_batchai.service.engines.base import Launch, LaunchRejected, Task
from azext_batchai.service.engines.slurm.launch_files import (
    FILES, FIRST, fill, files_script, needs_nodes, node_script, tasks_by_node, write_private)

_NOT_YET = '.first'


def write(launch: Launch, nodes: Sequence[tuple[str, str]], node_ids: Sequence[str], handle: str, shell: str) -> None:
    """Everything but the name that makes it whole. `nodes` are the ids and addresses of the gang where they are known,
    or else `node_ids` its ids if nothing but those will do. `shell` is as in `node_script`.

    Raises OSError, ValueError and LaunchRejected.
    """
    known = tuple(node_id for node_id, _ in nodes) or tuple(node_ids)
    scripts = {index: node_script(tasks, str(launch.folder), shell)
               for index, tasks in tasks_by_node(launch, known).items()}
    launch.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    launch.folder.chmod(0o700)
    for task in launch.tasks:
        _check_output(task)
    _write_files(launch.files, launch.folder, nodes)
    for number in range(len(launch.tasks)):
        write_private(launch.folder / f'{number}.exit', '\n')
    for index, text in scripts.items():
        if index:
            write_private(launch.folder / f'{index}.node', text)
    write_private(launch.folder / _NOT_YET, f"# {handle}\n{scripts.get(0, '')}")


def complete(launch: Launch) -> None:
    """From now on the launch is as good as started. Raises OSError."""
    (launch.folder / _NOT_YET).rename(launch.folder / FIRST)


def known_handle(folder: Path) -> str:
    """That of the launch in this folder; empty when it was never started whole."""
    try:
        with open(folder / FIRST, 'rb') as file:
            return os.fsdecode(file.readline()).removeprefix('# ').rstrip('\n')
    except (FileNotFoundError, NotADirectoryError):
        return ''


def _write_files(files: Mapping[Path, str], folder: Path, nodes: Sequence[tuple[str, str]]) -> None:
    """Those of a launch: at once, but for what only the batch script can know."""
    later = {}
    for path, text in files.items():
        text = fill(text, nodes)
        if needs_nodes(text):
            later[path] = text
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, text)
    if later:
        write_private(folder / FILES, files_script(later))


def _check_output(task: Task) -> None:
    """Raises LaunchRejected when a task's output cannot go where it is to go."""
    for file in (task.stdout, task.stderr):
        if needs_nodes(str(file)):
            continue
        try:
            if not stat.S_ISREG(os.stat(file).st_mode):
                raise LaunchRejected(f'{file} is not an ordinary file')
        except FileNotFoundError:
            if not file.parent.is_dir():
                raise LaunchRejected(f'{file.parent}: No such file or directory') from None
        except OSError as error:
            raise LaunchRejected(f'{file}: {error.strerror}') from None
