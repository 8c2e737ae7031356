"""Help of `az batchai service`."""
from knack.help_files import helps

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
    - name: Start the service where neither podman nor docker is installed, and run jobs without their containers.
      text: az batchai service start --container-runtime none
    - name: As root, start a service whose jobs run as another user, who cannot read its data.
      text: az batchai service start --data-dir /var/lib/batchai --job-user batchai-jobs
    - name: Start the service on the head of a Slurm cluster, with its data in a folder that the nodes see too.
      text: az batchai service start --engine slurm --data-dir /shared/batchai
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
long-summary: >
    With the engine slurm, "trouble" says what keeps Slurm from working, and "findings" which of its settings make jobs
    slow, and what to set.
examples:
    - name: Show the service.
      text: az batchai service show -o table
    - name: Show what in the settings of Slurm makes jobs slow.
      text: az batchai service show --query findings
"""

helps['batchai service env'] = """
type: command
short-summary: Print the set-up of a shell in which all of az works with the service.
long-summary: >
    In that shell the service is the cloud, and az is logged in to it: az group, az storage account, az account and az's
    own batchai commands reach it, and SDKs that know managed identities do too. The profile of that shell is one of its
    own; yours, with its logins and its cloud, stays as it is. The lines hold a secret that lets in: keep them out of
    logs.
examples:
    - name: Turn this shell to the service.
      text: eval "$(az batchai service env)"
    - name: Turn this shell to the service, and az storage to a storage account of it.
      text: eval "$(az batchai service env --storage-account mystorage)"
    - name: Print the lines for PowerShell; the last ones say how to use them and how to go back.
      text: az batchai service env --shell powershell
"""

helps['batchai service mount'] = """
type: command
short-summary: Serve an existing folder as a share or container, without copying it.
long-summary: >
    Jobs of clusters that mount the share or container, and az storage in the shell of "az batchai service env", then
    read and write the folder itself. Links in it that lead out of it lead nowhere for az storage. "az batchai service
    show" names the folders that are served.
examples:
    - name: Have a folder as share myshare.
      text: az batchai service mount --share myshare --storage-account mystorage --path ./work
    - name: Have a folder as container mydata.
      text: az batchai service mount --container mydata --storage-account mystorage --path ~/data
"""

helps['batchai service unmount'] = """
type: command
short-summary: Serve a folder no longer as a share or container. The folder stays as it is.
examples:
    - name: End what "az batchai service mount" began.
      text: az batchai service unmount --share myshare --storage-account mystorage
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
