"""Help of `az batchai file-server`."""
from knack.help_files import helps

helps['batchai file-server'] = """
type: group
short-summary: "File servers: storage that the nodes of clusters share."
"""

helps['batchai file-server create'] = """
type: command
short-summary: Create a file server.
long-summary: |
    What the options do not say can be said in a JSON file with the
    properties of the REST API 2018-05-01. Options win over the file. Files
    of the 2017 and 2018-03 guides work as they are. A whole one:

    {
      "properties": {
        "vmSize": "STANDARD_D2",
        "dataDisks": {
          "diskCount": 2,
          "diskSizeInGB": 10,
          "storageAccountType": "Premium_LRS"
        },
        "sshConfiguration": {
          "userAccountSettings": {
            "adminUserName": "demoUser",
            "adminUserPassword": "demoPassword"
          }
        }
      }
    }

    Without "sshConfiguration" the options of the admin account say it.
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

helps['batchai file-server wait'] = """
type: command
short-summary: Wait until a file server is in a given state.
long-summary: >
    Prints nothing when it is. Exits with 1 when --timeout is over before. Ctrl-C ends the waiting only.
examples:
    - name: Wait until the file server is there.
      text: az batchai file-server wait -g MyResourceGroup -n MyNFS --created
"""
