"""The files that configure a Slurm of a few nodes for tests."""
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

CPUS = 2
MEMORY_MIB = 4000
# The peer of our measurements. Slurm's own defaults wait: for a batch of submissions, between two turns of the
# scheduler, and, without an epilog, for a node to tell in its own time that a job has left it.
# sched_interval goes first: sched/builtin takes the first word that ends so for its own, and says so of a 0.
TUNED = {'SchedulerParameters': 'sched_interval=1,sched_min_interval=0,batch_sched_delay=0',
         'SchedulerType': 'sched/builtin', 'Epilog': '/bin/true', 'ProctrackType': 'proctrack/linuxproc'}
# Slurm's default, proctrack/cgroup, needs control groups that a container may not have.
PLAIN = {'SchedulerType': 'sched/backfill', 'ProctrackType': 'proctrack/pgid'}
# A node that has gone is down after about 8 seconds with these, 16 without, and a command gives a controller up that
# has gone after one second, not four.
SHORT_TIMEOUTS = {'SlurmdTimeout': '2', 'MessageTimeout': '2'}


def slurm_conf(folder: Path, head: str, port: int, nodes: Mapping[str, str], gpu_nodes: Sequence[str] = (),
               tuned: bool = False, settings: Mapping[str, str] = {}) -> str:
    """`head` and the values of `nodes` are IPv4 addresses; `settings` add to the others, or replace them."""
    values = {
        'ClusterName': 'batchai',
        'SlurmctldHost': f'{socket.gethostname().partition(".")[0]}({head})',
        'SlurmctldPort': str(port),
        'SlurmUser': 'root',
        'AuthType': 'auth/munge',
        'AuthInfo': f'socket={folder}/munge.socket',
        'CredType': 'cred/munge',
        'StateSaveLocation': f'{folder}/state',
        'SlurmdSpoolDir': f'{folder}/spool/%n',
        'SlurmctldPidFile': f'{folder}/slurmctld.pid',
        'SlurmdPidFile': f'{folder}/%n.pid',
        'SlurmctldLogFile': f'{folder}/slurmctld.log',
        'SlurmdLogFile': f'{folder}/%n.log',
        'SlurmdParameters': 'config_overrides',
        'TaskPlugin': 'task/none',
        'MpiDefault': 'none',
        'TmpFS': '/dev/shm',  # where PMIx has a folder of each step; /tmp is one for all nodes
        'SelectType': 'select/cons_tres',
        'SelectTypeParameters': 'CR_Core_Memory',
        'DefMemPerCPU': '100',
        'GresTypes': 'gpu',
        'MailProg': '/bin/true',
        'JobAcctGatherType': 'jobacct_gather/none',
        'AccountingStorageType': 'accounting_storage/none',
        'JobCompType': 'jobcomp/none',
        'JobCompLoc': f'{folder}/jobcomp.txt',
        'ReturnToService': '2',
        'SlurmdTimeout': '5',
        'SlurmctldTimeout': '5',
        'MessageTimeout': '5',
        'KillWait': '5',
        **(TUNED if tuned else PLAIN),
        **settings,
    }
    lines = [f'{key}={value}' for key, value in values.items()]
    for name, address in nodes.items():
        gpus = ' Gres=gpu:2' if name in gpu_nodes else ''
        lines.append(f'NodeName={name} NodeAddr={address} CPUs={CPUS} RealMemory={MEMORY_MIB}{gpus} State=UNKNOWN')
    names = list(nodes)
    lines.append(f'PartitionName=batch Nodes={",".join(names)} Default=YES MaxTime=INFINITE State=UP')
    lines.append(f'PartitionName=short Nodes={",".join(names[:2])} MaxTime=1 State=UP')
    return '\n'.join(lines) + '\n'


def gres_conf(gpu_nodes: Sequence[str]) -> str:
    """Two GPUs each. Slurm counts only what has a device, so two devices that every machine has stand for them."""
    return ''.join(f'NodeName={name} Name=gpu File=/dev/{device}\n'
                   for name in gpu_nodes for device in ('null', 'zero'))


def hosts_file(names: Mapping[str, str]) -> str:
    """What /etc/hosts is on every node: the address of each name."""
    return '127.0.0.1 localhost\n' + ''.join(f'{address} {name}\n' for name, address in names.items())
