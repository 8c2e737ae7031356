"""The 2017 guide's "Mounting Azure File Share and Storage Container" typed as printed, and a job that uses it."""
from __future__ import annotations

import os
import re
from pathlib import Path

from installed_az import Az
from storage_shell import StorageShell

GUIDE = Path(__file__).resolve().parent.parent.parent.parent / 'shared' / 'seeds'
# The name of the account in the line of the container is the guide's own; with a connection string, that one counts.
LINES = [
    'az group create -l eastus -n demoGroup',
    'az storage account create -l eastus -g demoGroup -n demobatchaicli',
    'az storage share create -n demoafs --account-name demobatchaicli',
    'az storage container create -n democontainer --account-name batchaiclidemo',
    'az batchai cluster create -l eastus -g demoGroup -n demoCluster --storage-account-name demobatchaicli --afs-name '
    'demoafs --afs-mount-path azurefileshare --container-name democontainer --container-mount-path azurecontainer -s '
    'Standard_NC6 -i UbuntuLTS --min 1 --max 1 -u demoUser -p demoPassword',
]


def test_the_lines_are_those_of_the_guide() -> None:
    """Where the guide itself is at hand."""
    for guide in GUIDE.glob('001_*'):
        section = guide.read_text('utf-8').partition('#### Mounting Azure File Share')[2].partition('#### ')[0]
        assert [line.strip() for line in re.findall(r'^\$ (az .*)', section, re.MULTILINE)] == LINES


def test_a_job_reads_what_az_storage_uploads_and_az_storage_fetches_what_it_writes(own: Az) -> None:
    shell = StorageShell(own, 'demobatchaicli', 'demoGroup')  # types the first two lines, to have a key to print
    for line in LINES:
        shell.ok(line)
    data = os.urandom(3_000_000)
    (own.folder / 'data.bin').write_bytes(data)
    own.write('train.sh', '#!/bin/sh\nset -e\n'
                          'cat "$1" "$1" > $AZ_BATCHAI_MOUNT_ROOT/azurefileshare/model.bin\n'
                          'cp "$1" $AZ_BATCHAI_MOUNT_ROOT/azurecontainer/copy.bin\n')
    own.write('job.json', {'properties': {
        'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/azurefileshare',
        'customToolkitSettings': {'commandLine': '$AZ_BATCHAI_MOUNT_ROOT/azurefileshare/train.sh '
                                                 '$AZ_BATCHAI_MOUNT_ROOT/azurefileshare/in/data.bin'}}})
    shell.ok('az storage file upload -s demoafs --source train.sh -o none')
    shell.ok('az storage directory create -s demoafs -n in -o none')
    shell.ok('az storage file upload -s demoafs --source data.bin -p in/data.bin -o none')
    shell.ok('az batchai job create -g demoGroup -l eastus -n demoJob -r demoCluster -c job.json -o none')
    shell.ok('az batchai job wait -g demoGroup -n demoJob')
    shell.ok('az storage file download -s demoafs -p model.bin --dest ./model.bin -o none')
    assert (own.folder / 'model.bin').read_bytes() == data + data
    shell.ok('az storage blob download -c democontainer -n copy.bin -f ./copy.bin -o none')
    assert (own.folder / 'copy.bin').read_bytes() == data
    held = shell.run('az storage share delete -n demoafs')
    assert held.returncode and 'demoCluster' in held.stderr
