"""What jobs run here in place of a program: writes down what it was given, in one JSON file a process in $RECORDS.

Then waits until as many processes have done so as $RECORDS_AWAITED says, so that all were there at once. A rank in
$EXIT_CODES, a JSON object, ends with its exit code; the others end with 0, or stay until they are stopped: where
$STAY is set, and as parameter servers. $STUBBORN names ranks or roles, between blanks, that ignore being asked to end.
"""
import json
import os
import signal
import sys
import time
from pathlib import Path

environment = dict(os.environ)
rank = next((environment[name] for name in ('OMPI_COMM_WORLD_RANK', 'PMI_RANK', 'AZ_BATCHAI_TASK_INDEX')
             if name in environment), '0')
role = json.loads(environment.get('TF_CONFIG', '{}')).get('task', {}).get('type', '')
records = Path(environment['RECORDS'])
folders = [name for name, value in environment.items()
           if name.startswith('AZ_BATCHAI_') and Path(value).is_absolute() and Path(value).is_dir()]
if {rank, role} & set(environment.get('STUBBORN', '').split()):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
mounts = Path(environment['AZ_BATCHAI_JOB_MOUNT_ROOT'])
recorded = {
    'program': sys.argv[0], 'arguments': sys.argv[1:], 'folder': os.getcwd(), 'environment': environment,
    'pid': os.getpid(), 'rank': int(rank), 'role': role, 'folders': sorted(folders),
    'hostFile': Path(environment['AZ_BATCHAI_MPI_HOST_FILE']).read_text(),
    'jobTemp': sorted(os.listdir(environment['AZ_BATCHAI_JOB_TEMP'])),
    'jobMounts': sorted(os.listdir(mounts)) if mounts.is_dir() else [],
    'shared': os.stat(environment['AZ_BATCHAI_SHARED_JOB_TEMP']).st_ino,
}
print(f'out of {os.getpid()}', flush=True)
print(f'err of {os.getpid()}', file=sys.stderr, flush=True)
unfinished = records / f'{os.getpid()}.new'
unfinished.write_text(json.dumps(recorded))
unfinished.rename(records / f'{os.getpid()}.json')

deadline = time.monotonic() + 60
while len(list(records.glob('*.json'))) < int(environment.get('RECORDS_AWAITED', '1')):
    if time.monotonic() > deadline:
        sys.exit('the other processes did not come')
    time.sleep(0.005)
codes = json.loads(environment.get('EXIT_CODES', '{}'))
if role != 'ps' and (rank in codes or 'STAY' not in environment):
    sys.exit(codes.get(rank, 0))
while True:
    signal.pause()
