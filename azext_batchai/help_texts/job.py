"""Help of `az batchai job`."""
from knack.help_files import helps

helps['batchai job'] = """
type: group
short-summary: "Jobs: what runs, its output and its files."
"""

helps['batchai job create'] = """
type: command
short-summary: Submit a job to a cluster.
long-summary: |
    The JSON configuration file says how many nodes the job needs, what it
    runs and where its output goes, with the properties of the REST API
    2018-05-01. Options win over the file. Files of the 2017 and 2018-03
    guides work as they are. The least a file can hold:

    {
      "properties": {
        "nodeCount": 1,
        "customToolkitSettings": {"commandLine": "echo hello"},
        "stdOutErrPathPrefix": "$AZ_BATCHAI_MOUNT_ROOT/afs"
      }
    }

    A file with most of what there is:

    {
      "properties": {
        "cluster": {"id": "MyCluster"},
        "nodeCount": 1,
        "schedulingPriority": "high",
        "customToolkitSettings": {
          "commandLine": "python3 $AZ_BATCHAI_INPUT_SCRIPTS/train.py"
        },
        "jobPreparation": {"commandLine": "echo on each node, before"},
        "inputDirectories": [{
          "id": "SCRIPTS",
          "path": "$AZ_BATCHAI_MOUNT_ROOT/afs/scripts"
        }],
        "outputDirectories": [{
          "id": "MODEL",
          "pathPrefix": "$AZ_BATCHAI_MOUNT_ROOT/afs",
          "pathSuffix": "models"
        }],
        "stdOutErrPathPrefix": "$AZ_BATCHAI_MOUNT_ROOT/afs",
        "environmentVariables": [{"name": "EPOCHS", "value": "10"}],
        "secrets": [{"name": "API_KEY", "value": "secret"}],
        "mountVolumes": {
          "azureBlobFileSystems": [{
            "accountName": "<AZURE_BATCHAI_STORAGE_ACCOUNT>",
            "containerName": "data",
            "credentials": {"accountKey": "<AZURE_BATCHAI_STORAGE_KEY>"},
            "relativeMountPath": "bfs"
          }]
        },
        "constraints": {"maxWallClockTime": "PT2H"}
      }
    }

    --storage-account-name and --storage-account-key, or what is configured
    instead of them, take the places of the two <AZURE_BATCHAI_...>.
examples:
    - name: Submit a job to a cluster of the same resource group.
      text: az batchai job create -g MyResourceGroup -l eastus -n MyJob -r MyCluster -c job.json
    - name: Submit a job to a cluster of another resource group.
      text: >-
        az batchai job create -g MyResourceGroup -l eastus -n MyJob -r MyCluster
        --cluster-resource-group MyClusterGroup -c job.json
    - name: Submit a job to an experiment of a workspace.
      text: az batchai job create -g MyResourceGroup -w MyWorkspace -e MyExperiment -n MyJob -c MyCluster -f job.json
    - name: Submit a job, print its standard output and exit with its exit code.
      text: az batchai job create -g MyResourceGroup -l eastus -n MyJob -r MyCluster -c job.json --stream
    - name: See what would be sent, without sending it.
      text: az batchai job create -g MyResourceGroup -l eastus -n MyJob -r MyCluster -c job.json --dry-run
"""

helps['batchai job show'] = """
type: command
short-summary: "Show a job: its state, its exit code and its settings."
examples:
    - name: Show how a job ended.
      text: az batchai job show -g MyResourceGroup -n MyJob --query executionInfo
"""

helps['batchai job list'] = """
type: command
short-summary: List the jobs of a resource group or of the subscription.
examples:
    - name: List the jobs of a resource group.
      text: az batchai job list -g MyResourceGroup -o table
    - name: List all jobs of the subscription, whatever the default resource group is.
      text: az batchai job list -g '' -o table
"""

helps['batchai job file'] = """
type: group
short-summary: The files that a job writes.
"""

helps['batchai job file list'] = """
type: command
short-summary: List the files in one of a job's output directories, with links to download them.
examples:
    - name: List the standard output and error files.
      text: az batchai job file list -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob -o table
    - name: List a folder of output directory MODEL, with links that work for 15 minutes.
      text: >-
        az batchai job file list -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob -d MODEL
        -p MyFolder/MySubfolder --expiry 15
"""

helps['batchai job file stream'] = """
type: command
short-summary: Follow a file of a job as it grows, until the job ends.
long-summary: >
    Waits for the file if it is not there yet, and survives a restart of the service. Ctrl-C ends the output; the job
    goes on. Escape sequences in a log are shown as the job wrote them on a terminal only; 'az batchai job file
    download' fetches a file byte for byte.
examples:
    - name: Stream the first log of a job.
      text: az batchai job file stream -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob
    - name: Stream every log of every rank, each line with the name of its file before it.
      text: az batchai job file stream -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob --all
    - name: Stream a file of a folder of an output directory.
      text: >-
        az batchai job file stream -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob -d MODEL
        -p MyFolder/MySubfolder -f log.txt
"""

helps['batchai job file download'] = """
type: command
short-summary: Download an output directory of a job, or one file of it.
long-summary: >
    What was cut short goes on where it ended when the command is given again. The file .batchai-download in the
    destination notes what was fetched; files that no download of this job wrote, or that were changed since, are not
    replaced unless --overwrite is given.
examples:
    - name: Download output directory MODEL into a folder.
      text: >-
        az batchai job file download -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob -d MODEL
        --destination models
    - name: Download what is below one folder of it, over what was changed here since.
      text: >-
        az batchai job file download -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob -d MODEL
        -p MyFolder/MySubfolder --destination models --overwrite
    - name: Download one log into the current folder.
      text: az batchai job file download -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob -f stdout.txt
"""

helps['batchai job list-files'] = """
type: command
short-summary: "Alias of 'az batchai job file list', as spelled in 2017."
examples:
    - name: List the standard output and error files.
      text: az batchai job list-files -g MyResourceGroup -n MyJob -d stdouterr -o table
"""

helps['batchai job stream-file'] = """
type: command
short-summary: "Alias of 'az batchai job file stream', as spelled in 2017; --name/-n is the file here."
examples:
    - name: Stream the standard output of a job.
      text: az batchai job stream-file -g MyResourceGroup -j MyJob -d stdouterr -n stdout.txt
"""

helps['batchai job node'] = """
type: group
short-summary: The nodes that a job runs or ran on.
"""

helps['batchai job node list'] = """
type: command
short-summary: Show the nodes that a job runs or ran on, and where to log in to them.
examples:
    - name: List address and SSH port of each node.
      text: az batchai job node list -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob -o table
"""

helps['batchai job node exec'] = """
type: command
short-summary: Run a command line on a node of a job, or forward a port to it.
long-summary: >
    The command sees the environment of the job. What it prints is printed, and its exit code is the exit code of this
    command. Ctrl-C ends it.
examples:
    - name: Show the processes of the job's first node.
      text: az batchai job node exec -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob --exec "ps aux"
    - name: Reach what listens on port 9001 of a node at port 9000 of this machine, until Ctrl-C.
      text: >-
        az batchai job node exec -g MyResourceGroup -w MyWorkspace -e MyExperiment -j MyJob -n tvm-xxx
        -L 9000:localhost:9001
"""

helps['batchai job list-nodes'] = """
type: command
short-summary: "Alias of 'az batchai job node list', as spelled in 2017 and 2018-03."
examples:
    - name: List address and SSH port of each node.
      text: az batchai job list-nodes -g MyResourceGroup -n MyJob -o table
"""

helps['batchai job terminate'] = """
type: command
short-summary: Terminate a job.
examples:
    - name: Terminate a job without being asked.
      text: az batchai job terminate -g MyResourceGroup -n MyJob -y
"""

helps['batchai job delete'] = """
type: command
short-summary: Delete a job. The files it wrote to mounted storage stay.
examples:
    - name: Delete a job without being asked, and do not wait until it is gone.
      text: az batchai job delete -g MyResourceGroup -n MyJob -y --no-wait
"""

helps['batchai job wait'] = """
type: command
short-summary: Wait until a job has ended, and exit with the job's own exit code.
long-summary: >
    A job that was terminated counts as 143, as a process does that a signal ended; one that failed without an exit code
    as 1. Prints nothing when all went well. Ctrl-C ends the waiting; the job goes on.
examples:
    - name: Wait until a job has ended.
      text: az batchai job wait -g MyResourceGroup -w MyWorkspace -e MyExperiment -n MyJob
    - name: Wait until it has left the queue, for ten minutes at most.
      text: >-
        az batchai job wait -g MyResourceGroup -n MyJob --custom "executionState!='queued'" --timeout 600
"""
