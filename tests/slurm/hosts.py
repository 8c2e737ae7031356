"""Several hosts on one machine: each has a network, name, process table, IPC and mounts of its own, by namespaces.

They hang on one bridge, whose address is the head: the machine itself. Files are those of the machine, /dev/shm apart.
All that a cluster runs is below one process, the holder, in a process table that ends with it. So nothing outlives a
holder, and a holder ends with its owner.
"""
import fcntl
import ipaddress
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

NETWORKS = '10.213'
PREFIX = 'bslurm'
PATIENCE = 30.0
_LOCK = '/run/batchai-test-slurm.lock'
_NAMESPACES = ('unshare', '--net', '--uts', '--ipc', '--mount', '--pid', '--fork', '--kill-child')
# A shell that waits for its child collects every orphan of its process table too, as an init does.
_HOLDER = 'cat > /dev/null; exec ip link delete "$1"'
# The number of the shell outside is told first; the host goes on when it has its end of the cable.
_HOST = """
read -r pid _ < /proc/self/stat && echo "$pid" && read -r _ || exit
mount -t proc proc /proc && mount -t tmpfs -o mode=1777 tmpfs /dev/shm && mount --bind "$2" /etc/hosts || exit
echo "$1" > /proc/sys/kernel/hostname
ip link set lo up && ip link set eth0 up && ip address add "$3/24" dev eth0 && ip route add default via "$4" || exit
shift 4
"$@" & wait
"""


def missing_for_hosts() -> str:
    """Why there can be no such hosts here; empty when there can."""
    if os.geteuid():
        return 'a Slurm of several hosts needs root'
    for program, package in {'ip': 'iproute2', 'unshare': 'util-linux', 'nsenter': 'util-linux'}.items():
        if not shutil.which(program):
            return f'the package {package} is not installed'
    tried = subprocess.run([*_NAMESPACES, 'sh', '-c', 'mount -t proc proc /proc && mount -t tmpfs tmpfs /dev/shm && '
                            'ip link add tried type bridge && ip link add one type veth peer name two'],
                           capture_output=True, text=True)
    return f'namespaces are not permitted here: {tried.stderr.strip()}' if tried.returncode else ''


def wait_until(look: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Until `look` returns what is true; AssertionError after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not look():
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {patience:g} seconds for {what}')
        time.sleep(0.005)


class Hosts:
    """The hosts of one cluster, known by its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._number_file = self.folder / 'network'
        self._children: list[subprocess.Popen] = []
        self._leash = -1

    @property
    def number(self) -> int:
        """Of the network, which no other cluster of this machine has at this time."""
        return int(self._number_file.read_text())

    @property
    def bridge(self) -> str:
        return f'{PREFIX}{self.number}'

    def address(self, place: int) -> str:
        """IPv4 address; place 0 is the head."""
        return f'{NETWORKS}.{self.number}.{place + 1}'

    def open(self, lasting: bool) -> None:
        """Make the bridge and the holder. Unless `lasting`, all of it ends with the process that called."""
        with _alone():
            _sweep()
            self._number_file.write_text(str(_free_number()))
            ip(f'link add {self.bridge} type bridge', f'link set {self.bridge} alias {self.folder}',
               f'address add {self.address(0)}/24 dev {self.bridge}', f'link set {self.bridge} up')
            stdin, self._leash = os.pipe()
            with self._log('holder') as log:
                self._children.append(subprocess.Popen(
                    ['unshare', '--pid', '--fork', '--kill-child', 'sh', '-c', _HOLDER, self._mark('holder'),
                     self.bridge], stdin=stdin, pass_fds=[self._leash] if lasting else [], start_new_session=True,
                    stdout=subprocess.DEVNULL, stderr=log))
            os.close(stdin)
            wait_until(self.holder, 'the process that holds the cluster')

    def run(self, *command: str) -> None:
        """Run on the head what makes itself a daemon there; CalledProcessError when it does not."""
        subprocess.run(self._within(*command), check=True, stdin=subprocess.DEVNULL)

    def start(self, name: str, place: int, *command: str) -> None:
        """Start a host whose only service is `command`; with its end the host is gone."""
        with self._log(name) as log:
            shell = subprocess.Popen(
                self._within(*_NAMESPACES, 'sh', '-c', _HOST, self._mark(name), name, str(self.folder / 'hosts'),
                             self.address(place), self.address(0), *command),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        self._children.append(shell)
        assert shell.stdin and shell.stdout
        pid = int(shell.stdout.readline())
        cable = f'{self.bridge}-{place}'
        ip(f'link add {cable} type veth peer name eth0 netns {pid}', f'link set {cable} master {self.bridge} up')
        shell.stdin.write(b'\n')
        shell.stdin.close()
        shell.stdout.close()

    def kill(self, name: str, place: int) -> None:
        """As when the power of one host fails: every process of it at once."""
        _kill(list(_marked(self._mark(name))))
        _delete_links([f'{self.bridge}-{place}'])

    def close(self) -> None:
        """End every process of every host and of the head, and remove the network. Twice is harmless."""
        _kill(list(_marked(self._mark(''))))
        for child in self._children:
            child.wait()
        self._children.clear()
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1
        with _alone():
            _sweep()

    def holder(self) -> int:
        """Its number outside of its own process table; 0 without one."""
        for pid in _marked(self._mark('holder')):
            if Path(f'/proc/{pid}/ns/pid').readlink() != Path('/proc/self/ns/pid').readlink():
                return pid
        return 0

    def _mark(self, name: str) -> str:
        return f'batchai-slurm:{self.folder}:{name}'

    def _log(self, name: str) -> BinaryIO:
        """Takes the errors of what makes a host, for the one who looks why there is none."""
        return (self.folder / f'{name}.host.log').open('wb')

    def _within(self, *command: str) -> list[str]:
        return ['nsenter', f'--pid=/proc/{self.holder()}/ns/pid', *command]


def ip(*lines: str) -> None:
    subprocess.run(['ip', '-batch', '-'], input='\n'.join(lines), text=True, check=True)


def _links() -> list[dict]:
    return json.loads(subprocess.run(['ip', '-json', 'link'], capture_output=True, check=True).stdout)


def _delete_links(names: list[str]) -> None:
    """Some may go by themselves, with the host at their other end."""
    if names:
        subprocess.run(['ip', '-force', '-batch', '-'], input='\n'.join(f'link delete {name}' for name in names),
                       text=True, stderr=subprocess.DEVNULL)
    wait_until(lambda: not {link['ifname'] for link in _links()} & set(names), f'{names} to be removed')


def _sweep() -> None:
    """Remove the networks of clusters that are no more, which a killed holder leaves."""
    links = _links()
    for bridge in links:
        name = bridge['ifname']
        if name.removeprefix(PREFIX).isdigit() and not any(_marked(f'batchai-slurm:{bridge.get("ifalias")}:')):
            _delete_links([name, *(link['ifname'] for link in links if link.get('master') == name)])


def _free_number() -> int:
    routes = json.loads(subprocess.run(['ip', '-4', '-json', 'route'], capture_output=True, check=True).stdout)
    taken = [ipaddress.ip_network(route['dst'], strict=False) for route in routes if route['dst'] != 'default']
    for number in range(1, 255):
        network = ipaddress.ip_network(f'{NETWORKS}.{number}.0/24')
        if not any(network.overlaps(other) for other in taken):
            return number
    raise RuntimeError(f'every network of {NETWORKS}.0.0/16 is taken')


@contextmanager
def _alone() -> Iterator[None]:
    with open(_LOCK, 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _marked(mark: str) -> Iterator[int]:
    """Numbers of the processes with an argument that is the mark or, for a mark that ends in a colon, starts so."""
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            try:
                arguments = Path(f'/proc/{entry}/cmdline').read_bytes().split(b'\0')
            except OSError:
                continue
            if any(part.startswith(mark.encode()) if mark.endswith(':') else part == mark.encode()
                   for part in arguments):
                yield int(entry)


def _kill(pids: list[int]) -> None:
    """The first process of a table becomes a zombie only after all others of its table have ended."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_until(lambda: not any(_lives(pid) for pid in pids), f'the end of the processes {pids}')


def _lives(pid: int) -> bool:
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False
