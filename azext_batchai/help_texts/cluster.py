"""Help of `az batchai cluster`."""
from knack.help_files import helps

helps['batchai cluster'] = """
type: group
short-summary: "Clusters: the nodes that jobs run on."
"""

helps['batchai cluster create'] = """
type: command
short-summary: Create a cluster.
long-summary: |
    A JSON file can say what the options do not: several mounts, environment
    variables of the set-up task, and all else that the properties of the
    REST API 2018-05-01 hold. Options win over the file. Files of the 2017
    and 2018-03 guides work as they are. The least a file can hold, when no
    options are given:

    {
      "properties": {
        "vmSize": "STANDARD_D1",
        "scaleSettings": {"manual": {"targetNodeCount": 2}},
        "userAccountSettings": {
          "adminUserName": "demoUser",
          "adminUserPassword": "demoPassword"
        }
      }
    }

    A file with most of what there is:

    {
      "properties": {
        "vmSize": "STANDARD_NC6",
        "vmPriority": "lowpriority",
        "scaleSettings": {
          "autoScale": {
            "minimumNodeCount": 0,
            "maximumNodeCount": 4,
            "initialNodeCount": 1
          }
        },
        "virtualMachineConfiguration": {
          "imageReference": {
            "publisher": "Canonical",
            "offer": "UbuntuServer",
            "sku": "16.04-LTS"
          }
        },
        "userAccountSettings": {
          "adminUserName": "demoUser",
          "adminUserPassword": "demoPassword"
        },
        "nodeSetup": {
          "setupTask": {
            "commandLine": "echo $WORD",
            "environmentVariables": [{"name": "WORD", "value": "hello"}],
            "stdOutErrPathPrefix": "$AZ_BATCHAI_MOUNT_ROOT/afs"
          },
          "mountVolumes": {
            "azureFileShares": [{
              "accountName": "demo",
              "azureFileUrl": "https://demo.file.core.windows.net/share",
              "credentials": {"accountKey": "<AZURE_BATCHAI_STORAGE_KEY>"},
              "relativeMountPath": "afs"
            }],
            "unmanagedFileSystems": [{
              "mountCommand": "mount --bind /data",
              "relativeMountPath": "data"
            }]
          }
        }
      }
    }

    --storage-account-key, or what is configured instead of it, takes the
    place of <AZURE_BATCHAI_STORAGE_KEY>; so does --storage-account-name
    for <AZURE_BATCHAI_STORAGE_ACCOUNT>.
examples:
    - name: Create a cluster of one node.
      text: >-
        az batchai cluster create -g MyResourceGroup -l eastus -n MyCluster -s Standard_NC6 -i UbuntuLTS
        --min 1 --max 1 -u demoUser -p demoPassword
    - name: Create a cluster that grows to four nodes when there are jobs to run.
      text: >-
        az batchai cluster create -g MyResourceGroup -l eastus -n MyCluster -s Standard_NC6 --min 0 --max 4
        -u demoUser -p demoPassword
    - name: Create a cluster of two nodes with a file share mounted at $AZ_BATCHAI_MOUNT_ROOT/afs.
      text: >-
        az batchai cluster create -g MyResourceGroup -l eastus -n MyCluster -s Standard_NC6 -t 2
        --storage-account-name mystorage --afs-name myshare -u demoUser -p demoPassword
    - name: Create a cluster from a configuration file, in a workspace that exists.
      text: >-
        az batchai cluster create -g MyResourceGroup -w MyWorkspace -n MyCluster -f cluster.json
    - name: Create a cluster with storage, SSH keys and a set-up task, all of them made on the way.
      text: >-
        az batchai cluster create -g MyResourceGroup -l eastus -n MyCluster -s Standard_NC6 -t 1 --use-auto-storage
        --generate-ssh-keys --setup-task 'echo ready' --setup-task-output '$AZ_BATCHAI_MOUNT_ROOT/autoafs'
    - name: See what would be sent, without sending it.
      text: >-
        az batchai cluster create -g MyResourceGroup -l eastus -n MyCluster -s Standard_NC6 -t 1
        -u demoUser -p demoPassword --dry-run
"""

helps['batchai cluster show'] = """
type: command
short-summary: "Show a cluster: its nodes, its settings and what went wrong."
examples:
    - name: Show a cluster as a row of a table.
      text: az batchai cluster show -g MyResourceGroup -n MyCluster -o table
"""

helps['batchai cluster list'] = """
type: command
short-summary: List the clusters of a resource group or of the subscription.
examples:
    - name: List the clusters of a resource group.
      text: az batchai cluster list -g MyResourceGroup -o table
    - name: List all clusters of the subscription, whatever the default resource group is.
      text: az batchai cluster list -g '' -o table
"""

helps['batchai cluster list-nodes'] = """
type: command
short-summary: "Alias of 'az batchai cluster node list', as spelled in 2017 and 2018-03."
examples:
    - name: List address and SSH port of each node.
      text: az batchai cluster list-nodes -g MyResourceGroup -n MyCluster -o table
"""

helps['batchai cluster node'] = """
type: group
short-summary: The nodes of a cluster.
"""

helps['batchai cluster node list'] = """
type: command
short-summary: Show the nodes of a cluster and where to log in to them.
examples:
    - name: List address and SSH port of each node.
      text: az batchai cluster node list -g MyResourceGroup -w MyWorkspace -c MyCluster -o table
"""

helps['batchai cluster node exec'] = """
type: command
short-summary: Run a command line on a node, or forward a port to it.
long-summary: Prints what the command prints and exits with its exit code. Ctrl-C ends the command.
examples:
    - name: Show the processes of the first node.
      text: az batchai cluster node exec -g MyResourceGroup -w MyWorkspace -c MyCluster --exec "ps axu"
    - name: Reach what listens on port 9001 of a node at port 9000 of this machine, until Ctrl-C.
      text: >-
        az batchai cluster node exec -g MyResourceGroup -w MyWorkspace -c MyCluster -n tvm-xxx
        -L 9000:localhost:9001
"""

helps['batchai cluster file'] = """
type: group
short-summary: What the set-up tasks of a cluster's nodes wrote.
"""

helps['batchai cluster file list'] = """
type: command
short-summary: List the output files of a cluster's set-up task, with links to download them.
examples:
    - name: List the output files of the set-up task.
      text: az batchai cluster file list -g MyResourceGroup -w MyWorkspace -c MyCluster -o table
    - name: List those of one folder, with links that work for two hours.
      text: >-
        az batchai cluster file list -g MyResourceGroup -w MyWorkspace -c MyCluster -p folder/subfolder --expiry 120
"""

helps['batchai cluster list-files'] = """
type: command
short-summary: "Alias of 'az batchai cluster file list', as spelled in 2018-03."
examples:
    - name: List the output files of the set-up task.
      text: az batchai cluster list-files -g MyResourceGroup -n MyCluster -o table
"""

helps['batchai cluster resize'] = """
type: command
short-summary: Give a cluster a fixed number of nodes.
examples:
    - name: Release all nodes.
      text: az batchai cluster resize -g MyResourceGroup -n MyCluster -t 0
    - name: Release all nodes, each when its job has ended.
      text: >-
          az batchai cluster resize -g MyResourceGroup -n MyCluster -t 0
          --node-deallocation-option waitforjobcompletion
"""

helps['batchai cluster auto-scale'] = """
type: command
short-summary: Let the number of nodes of a cluster follow the queued and running jobs.
examples:
    - name: Scale between no and ten nodes.
      text: az batchai cluster auto-scale -g MyResourceGroup -n MyCluster --min 0 --max 10
"""

helps['batchai cluster delete'] = """
type: command
short-summary: Delete a cluster.
examples:
    - name: Delete a cluster without being asked, and do not wait until it is gone.
      text: az batchai cluster delete -g MyResourceGroup -n MyCluster -y --no-wait
"""

helps['batchai cluster wait'] = """
type: command
short-summary: Wait until a cluster is in a given state.
long-summary: >
    Prints nothing when it is. Exits with 1 when --timeout is over before. Ctrl-C ends the waiting only.
examples:
    - name: Wait until the cluster has the nodes it should have.
      text: az batchai cluster wait -g MyResourceGroup -n MyCluster --custom "allocationState=='steady'"
"""
