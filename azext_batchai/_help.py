"""Help of the commands, in knack's YAML form."""
from knack.help_files import helps

helps['batchai'] = """
type: group
short-summary: Run training jobs on clusters with Batch AI.
"""

helps['batchai cluster'] = """
type: group
short-summary: "Clusters: the nodes that jobs run on."
"""

helps['batchai cluster create'] = """
type: command
short-summary: Create a cluster.
long-summary: >
    What the options do not say can be said in a JSON file with the properties of the REST API 2018-05-01, for example
    several mounts, or environment variables of the set-up task.

    A whole cluster.json: {"properties": {"vmSize": "STANDARD_D1", "scaleSettings": {"manual": {"targetNodeCount": 2}},
    "userAccountSettings": {"adminUserName": "demoUser", "adminUserPassword": "demoPassword"}}}

    Options win over the file. Files of the 2017 and 2018-03 guides work as they are.
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
short-summary: Show where to log in to the nodes of a cluster.
examples:
    - name: List address and SSH port of each node.
      text: az batchai cluster list-nodes -g MyResourceGroup -n MyCluster -o table
"""

helps['batchai cluster resize'] = """
type: command
short-summary: Give a cluster a fixed number of nodes.
examples:
    - name: Release all nodes.
      text: az batchai cluster resize -g MyResourceGroup -n MyCluster -t 0
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

helps['batchai job'] = """
type: group
short-summary: "Jobs: what runs, its output and its files."
"""

helps['batchai job create'] = """
type: command
short-summary: Submit a job to a cluster.
long-summary: >
    The JSON configuration file has the properties of the REST API 2018-05-01. They say how many nodes the job needs,
    what it runs and where its output goes.

    A whole job.json: {"properties": {"nodeCount": 1, "customToolkitSettings": {"commandLine": "echo hello"},
    "stdOutErrPathPrefix": "$AZ_BATCHAI_MOUNT_ROOT/afs"}}

    Options win over the file. Files of the 2017 and 2018-03 guides work as they are.
examples:
    - name: Submit a job to a cluster of the same resource group.
      text: az batchai job create -g MyResourceGroup -l eastus -n MyJob -r MyCluster -c job.json
    - name: Submit a job to a cluster of another resource group.
      text: >-
        az batchai job create -g MyResourceGroup -l eastus -n MyJob -r MyCluster
        --cluster-resource-group MyClusterGroup -c job.json
    - name: Submit a job to an experiment of a workspace.
      text: az batchai job create -g MyResourceGroup -w MyWorkspace -e MyExperiment -n MyJob -c MyCluster -f job.json
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

helps['batchai job list-files'] = """
type: command
short-summary: List the files in one of a job's output directories.
examples:
    - name: List the standard output and error files.
      text: az batchai job list-files -g MyResourceGroup -n MyJob -o table
    - name: List the files of output directory MODEL.
      text: az batchai job list-files -g MyResourceGroup -n MyJob -d MODEL
"""

helps['batchai job stream-file'] = """
type: command
short-summary: Follow a file of a job as it grows, until the job ends.
long-summary: Waits for the file if it is not there yet. Ctrl-C ends the output; the job goes on.
examples:
    - name: Stream the standard output of a job.
      text: az batchai job stream-file -g MyResourceGroup -j MyJob -d stdouterr -n stdout.txt
"""

helps['batchai job list-nodes'] = """
type: command
short-summary: Show where to log in to the nodes that a job ran on.
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

helps['batchai file-server'] = """
type: group
short-summary: "File servers: storage that the nodes of clusters share."
"""

helps['batchai file-server create'] = """
type: command
short-summary: Create a file server.
long-summary: >
    What the options do not say can be said in a JSON file with the properties of the REST API 2018-05-01.

    A whole nfs.json: {"properties": {"vmSize": "STANDARD_D2", "dataDisks": {"diskCount": 2, "diskSizeInGB": 10,
    "storageAccountType": "Premium_LRS"}, "sshConfiguration": {"userAccountSettings": {"adminUserName": "demoUser",
    "adminUserPassword": "demoPassword"}}}}

    Options win over the file. Files of the 2017 and 2018-03 guides work as they are.
examples:
    - name: Create a file server with one disk.
      text: >-
        az batchai file-server create -g MyResourceGroup -l eastus -n MyNFS -s Standard_D1 --disk-count 1
        --disk-size 10 --storage-sku Premium_LRS -u demoUser -p demoPassword
    - name: Create a file server from a configuration file.
      text: az batchai file-server create -g MyResourceGroup -l eastus -n MyNFS -c nfs.json
"""

helps['batchai file-server show'] = """
type: command
short-summary: "Show a file server: its disks and where it is mounted from."
examples:
    - name: Show where a file server can be reached.
      text: az batchai file-server show -g MyResourceGroup -n MyNFS --query mountSettings
"""

helps['batchai file-server list'] = """
type: command
short-summary: List the file servers of a resource group or of the subscription.
examples:
    - name: List all file servers of the subscription.
      text: az batchai file-server list -g '' -o table
"""

helps['batchai file-server delete'] = """
type: command
short-summary: Delete a file server.
examples:
    - name: Delete a file server without being asked.
      text: az batchai file-server delete -g MyResourceGroup -n MyNFS -y
"""

helps['batchai service'] = """
type: group
short-summary: The self-hosted Batch AI service on this machine.
"""

helps['batchai service start'] = """
type: command
short-summary: Start the service, or find it running, and connect this CLI profile to it.
examples:
    - name: Start the service.
      text: az batchai service start
    - name: Start the service on a given port, with its data in a given folder.
      text: az batchai service start --port 8443 --data-dir ~/batchai
"""

helps['batchai service stop'] = """
type: command
short-summary: Stop the service and disconnect this CLI profile. Running jobs go on.
examples:
    - name: Stop the service.
      text: az batchai service stop
"""

helps['batchai service show'] = """
type: command
short-summary: Show state, endpoint, engine and data folder of the service.
examples:
    - name: Show the service.
      text: az batchai service show -o table
"""

helps['batchai service logs'] = """
type: command
short-summary: Print the log of the service.
examples:
    - name: Print the last 100 lines and what is added, until Ctrl-C.
      text: az batchai service logs --follow
"""

helps['batchai service reset'] = """
type: command
short-summary: Stop the service and delete its data; clusters, jobs and stored files are gone.
examples:
    - name: Begin anew without being asked.
      text: az batchai service reset -y
"""
