"""A Slurm of several nodes on this machine, in one folder: python tests/slurm/cluster.py start FOLDER, and stop FOLDER.

It needs root and Debian's packages slurm-wlm, munge and iproute2. A Slurm that the machine has otherwise is left alone.
"""
import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hosts import Hosts, missing_for_hosts, wait_until
from slurm_conf import gres_conf, hosts_file, slurm_conf

FIRST_PORT = 16800
LONGEST_FOLDER = 75
_PROGRAMS = {'slurmctld': 'slurm-wlm', 'slurmd': 'slurm-wlm', 'sbatch': 'slurm-wlm', 'munged': 'munge'}
_NOT_READY = ('UNKNOWN', 'DOWN', 'NOT_RESPONDING', 'NO_RESPOND')


def missing_for_slurm() -> str:
    """Why no Slurm can be started here; empty when one can."""
    for program, package in _PROGRAMS.items():
        if not shutil.which(program, path=_search_path()):
            return f'the package {package} is not installed'
    return missing_for_hosts()


class SlurmCluster:
    """Nodes n1, n2, ... that are hosts of their own, the first two with two GPUs each that are only counted; the head
    is this machine. Partitions: `batch`, with every node, and `short`, with two nodes and a limit of one minute.

    `settings` are lines of slurm.conf, which add to the others or replace them.
    """

    def __init__(self, folder: Path, node_count: int = 4, tuned: bool = False,
                 settings: Mapping[str, str] = {}) -> None:
        self.folder = Path(folder).resolve()
        self.node_names = [f'n{number}' for number in range(1, node_count + 1)]
        self.environment = {'SLURM_CONF': str(self.folder / 'slurm.conf')}
        self._tuned = tuned
        self._settings = dict(settings)
        self._hosts = Hosts(self.folder)

    @property
    def addresses(self) -> dict[str, str]:
        """IPv4 address of each node, by name."""
        return {name: self._hosts.address(place) for place, name in enumerate(self.node_names, 1)}

    @property
    def head_address(self) -> str:
        """IPv4 address at which nodes reach this machine."""
        return self._hosts.address(0)

    def start(self, lasting: bool = False) -> None:
        """Return when all nodes are idle. Unless `lasting`, the cluster ends with the process that called."""
        if reason := missing_for_slurm():
            raise RuntimeError(reason)
        if len(os.fsencode(self.folder)) > LONGEST_FOLDER:
            raise ValueError(f'{self.folder}: a socket cannot have so long a path; take a folder of at most '
                             f'{LONGEST_FOLDER} bytes')
        self.stop()
        for name in ('state', 'spool'):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / 'jobcomp.txt').unlink(missing_ok=True)
        for name in ('', 'state', 'spool', *(f'spool/{name}' for name in self.node_names)):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
            (self.folder / name).chmod(0o755)
        self._hosts.open(lasting)
        try:
            self._write_files()
            self._start_munge()
            self.start_controller()
            for name in self.node_names:
                self._start_host(name)
            wait_until(lambda: all(state == 'IDLE' for state in self.node_states().values()), 'every node to be idle')
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process of it, those of jobs too, and remove its network. Twice is harmless."""
        self._hosts.close()

    def run(self, *command: str, **options: Any) -> str:
        """What a command prints that is run on the head with this Slurm, without the last line end; RuntimeError with
        its errors when it fails. `options` are those of subprocess.run."""
        done = subprocess.run(command, **{'capture_output': True, 'text': True, 'timeout': 60, 'cwd': self.folder,
                                          'env': {**os.environ, **self.environment}, **options})
        if done.returncode:
            raise RuntimeError(f'{" ".join(command)}: exit code {done.returncode}: {done.stderr.strip()}')
        return done.stdout.removesuffix('\n')

    def node_states(self) -> dict[str, str]:
        """State of each node as scontrol writes it, such as 'IDLE+DRAIN' or 'DOWN+NOT_RESPONDING'."""
        lines = self.run('scontrol', '--oneliner', 'show', 'node').splitlines()
        fields = [dict(part.split('=', 1) for part in line.split() if '=' in part) for line in lines]
        return {node['NodeName']: node['State'] for node in fields if 'NodeName' in node}

    def kill_node(self, name: str) -> None:
        """As when its power fails. Slurm sees it as down after a time that SlurmdTimeout and MessageTimeout set."""
        self._hosts.kill(name, self._place(name))

    def start_node(self, name: str) -> None:
        """Return when Slurm can use the node again."""
        written_when_it_listens = self.folder / f'{name}.pid'
        written_when_it_listens.unlink(missing_ok=True)
        self._start_host(name)
        wait_until(written_when_it_listens.exists, f'slurmd on {name}')
        wait_until(lambda: not any(word in self.node_states()[name] for word in _NOT_READY), f'{name} to register')

    def stop_controller(self, kill: bool = False) -> None:
        """Return when slurmctld is gone; unless `kill`, it has saved its state."""
        for pid in self._controllers():
            os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
        wait_until(lambda: not self._controllers(), 'the end of slurmctld')

    def start_controller(self) -> None:
        """Return when slurmctld answers."""
        self._hosts.run(_program('slurmctld'), '-f', self.environment['SLURM_CONF'])
        wait_until(self._controller_answers, 'slurmctld')

    def drain(self, name: str, reason: str) -> None:
        self.run('scontrol', 'update', f'NodeName={name}', 'State=DRAIN', f'Reason={reason}')

    def resume(self, name: str) -> None:
        self.run('scontrol', 'update', f'NodeName={name}', 'State=RESUME')

    def set_partition(self, name: str, **settings: str) -> None:
        """Such as set_partition('short', State='DOWN'). A partition that is not there is made."""
        known = self.run('sinfo', '--all', '--noheader', '--format=%R').split()
        self.run('scontrol', 'update' if name in known else 'create', f'PartitionName={name}',
                 *(f'{key}={value}' for key, value in settings.items()))

    def remove_partition(self, name: str) -> None:
        self.run('scontrol', 'delete', f'PartitionName={name}')

    def configure(self, **settings: str) -> None:
        """Change lines of slurm.conf and have every daemon read it again."""
        self._settings.update(settings)
        self._write_files()
        self.run('scontrol', 'reconfigure')

    @property
    def _port(self) -> int:
        return FIRST_PORT + self._hosts.number

    def _place(self, name: str) -> int:
        return self.node_names.index(name) + 1

    def _write_files(self) -> None:
        gpu_nodes = self.node_names[:2]
        head = {socket.gethostname(): self.head_address}
        (self.folder / 'hosts').write_text(hosts_file({**head, **self.addresses}))
        (self.folder / 'gres.conf').write_text(gres_conf(gpu_nodes))
        (self.folder / 'slurm.conf').write_text(slurm_conf(
            self.folder, self.head_address, self._port, self.addresses, gpu_nodes, self._tuned, self._settings))

    def _start_munge(self) -> None:
        key = self.folder / 'munge.key'
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(128))
        self._hosts.run(_program('munged'), '--force', f'--key-file={key}', *(
            f'--{option}={self.folder}/munge.{ending}' for option, ending in (
                ('socket', 'socket'), ('pid-file', 'pid'), ('log-file', 'log'), ('seed-file', 'seed'))))

    def _start_host(self, name: str) -> None:
        self._hosts.start(name, self._place(name), _program('slurmd'), '-D', '-f', self.environment['SLURM_CONF'])

    def _controller_answers(self) -> bool:
        return not subprocess.run(['scontrol', 'ping'], env={**os.environ, **self.environment},
                                  capture_output=True).returncode

    def _controllers(self) -> list[int]:
        mine = [os.fsencode(_program('slurmctld')), b'-f', os.fsencode(self.environment['SLURM_CONF']), b'']
        found = []
        for entry in Path('/proc').iterdir():
            try:
                if entry.name.isdigit() and (entry / 'cmdline').read_bytes().split(b'\0') == mine:
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


def _search_path() -> str:
    """A user's path may lack the folders of daemons."""
    return f'{os.environ.get("PATH", os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin'


def _program(name: str) -> str:
    return shutil.which(name, path=_search_path()) or name


def main(arguments: list[str]) -> str | None:
    """Returns what went wrong, if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest='command', required=True)
    start = commands.add_parser('start', help='start a Slurm in a folder; prints the value of SLURM_CONF')
    stop = commands.add_parser('stop', help='end the Slurm of a folder and everything that it runs')
    for command in (start, stop):
        command.add_argument('folder', type=Path)
    start.add_argument('--nodes', type=int, default=4)
    start.add_argument('--tuned', action='store_true', help='settings that make it quick for short jobs')
    start.add_argument('--set', action='append', default=[], metavar='NAME=VALUE', help='a line of slurm.conf')
    options = parser.parse_args(arguments)
    if reason := missing_for_slurm():
        return reason
    if options.command == 'stop':
        SlurmCluster(options.folder).stop()
        return None
    cluster = SlurmCluster(options.folder, options.nodes, options.tuned,
                           dict(line.split('=', 1) for line in options.set))
    try:
        cluster.start(lasting=True)
    except ValueError as error:
        return str(error)
    print(cluster.environment['SLURM_CONF'])
    return None


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
