"""The user that jobs run as when the service runs as root, and how the service works in folders that are theirs.

In a folder that jobs may write to, root must not open, make or list anything by name: a link put there in the right
moment would lead it anywhere. `files_as` lends the calling thread the job user's rights to files and no others, so
what a link leads to is no more than the job could have reached itself.
"""
from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator


class JobUserError(ValueError):
    """Jobs cannot run as that user; the text says why and what to do."""


@dataclass(frozen=True)
class JobUser:
    """An ordinary user of this machine. `home` is a path that need not exist."""
    name: str
    uid: int
    gid: int
    home: str

    @property
    def variables(self) -> dict[str, str]:
        """What tells programs who they run as."""
        return {'HOME': self.home, 'USER': self.name, 'LOGNAME': self.name}

    @property
    def command_prefix(self) -> list[str]:
        """The words before a command that give up root for good, from within a process of root's."""
        return [_setpriv() or 'setpriv', f'--reuid={self.uid}', f'--regid={self.gid}', '--init-groups',
                '--inh-caps=-all', '--']


def find_job_user(name: str) -> JobUser:
    """The user of that name, if the service can run jobs as them. Raises JobUserError."""
    import pwd
    if not sys.platform.startswith('linux'):
        raise JobUserError('--job-user needs Linux; leave it out here, and jobs run as you')
    if os.geteuid() != 0:
        raise JobUserError(f"--job-user {name} needs a service that runs as root; start it with sudo, or leave the "
                           'option out and jobs run as you')
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise JobUserError(f"--job-user: there is no user {name!r} on this machine; make one with 'useradd --system "
                           "--create-home batchai-jobs'") from None
    if found.pw_uid == 0 or found.pw_gid == 0:
        raise JobUserError(f'--job-user {name} is root or in its group; name an ordinary user')
    if _setpriv() is None:
        raise JobUserError('--job-user needs the program setpriv; install util-linux')
    return JobUser(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir)


@contextlib.contextmanager
def files_as(user: JobUser | None) -> Iterator[None]:
    """Within the block, this thread has only that user's rights to files; with None nothing changes.

    Not to be held over an await: the thread goes on with other work there. The supplementary groups are those of
    `take_groups_of`.
    """
    if user is None:
        yield
        return
    libc = _libc()
    libc.setfsgid(user.gid)
    libc.setfsuid(user.uid)
    try:
        if libc.setfsuid(-1) != user.uid or libc.setfsgid(-1) != user.gid:  # which tells, and changes nothing
            raise PermissionError('the rights of root cannot be laid down')
        yield
    finally:
        libc.setfsuid(0)
        libc.setfsgid(0)


def take_groups_of(user: JobUser) -> None:
    """Give this process, all of its threads, the supplementary groups of the job user. Root needs none of its own."""
    os.initgroups(user.name, user.gid)


def make_job_folder(folder: Path, data_dir: Path, user: JobUser | None) -> None:
    """Make `folder`, below `data_dir`, for jobs to write to: it is theirs, those above it are ours and only lead
    there. Repeating is harmless. Raises OSError."""
    if user is None:
        folder.mkdir(parents=True, exist_ok=True)
        return
    make_passage(folder.parent, data_dir)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_uid != user.uid:
            os.fchown(descriptor, user.uid, user.gid)
    finally:
        os.close(descriptor)


def make_passage(folder: Path, data_dir: Path) -> None:
    """Make `folder`, below `data_dir`, and those above it so that others may pass through and not look. Raises
    OSError."""
    for place in reversed([folder, *folder.parents][:len(folder.relative_to(data_dir).parts)]):
        with contextlib.suppress(FileExistsError):
            place.mkdir()
        if stat.S_IMODE(place.lstat().st_mode) != 0o711:
            place.chmod(0o711)


def open_data_dir(data_dir: Path, user: JobUser | None) -> None:
    """Let the job user pass through the data folder, or nobody once there is none. Raises JobUserError."""
    if user is None:
        if stat.S_IMODE(data_dir.stat().st_mode) == 0o711:
            data_dir.chmod(0o700)
        return
    data_dir.chmod(0o711)
    for folder in ('launches', 'nodes', 'output', 'storage', 'fileservers'):
        make_passage(data_dir / folder, data_dir)
    with contextlib.suppress(FileExistsError):
        (data_dir / 'trash').mkdir()
    (data_dir / 'trash').chmod(0o700)
    try:
        with files_as(user):
            (data_dir / 'nodes' / '.').stat()
    except PermissionError:
        raise JobUserError(f'--job-user {user.name} cannot reach {data_dir}: a folder above it is closed to them; '
                           'choose another one with --data-dir, for example /var/lib/batchai') from None
    other = next((node for node in data_dir.glob('nodes/*/tvm-*') if node.lstat().st_uid != user.uid), None)
    if other is not None:
        raise JobUserError(f'--job-user {user.name} does not own the nodes in {data_dir}, which were made without it '
                           'or for another user; delete the clusters first, or choose another folder with --data-dir')


@lru_cache(maxsize=1)
def _setpriv() -> str | None:
    return shutil.which('setpriv', path='/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin')


@lru_cache(maxsize=1)
def _libc() -> Any:
    import ctypes
    return ctypes.CDLL(None)
