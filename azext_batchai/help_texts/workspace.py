"""Help of `az batchai workspace`, `experiment` and `list-usages`."""
from knack.help_files import helps

helps['batchai list-usages'] = """
type: command
short-summary: Show how much of the limits on clusters and cores is in use.
examples:
    - name: Show the usage in a location.
      text: az batchai list-usages -l eastus -o table
"""

helps['batchai workspace'] = """
type: group
short-summary: "Workspaces: what clusters, file servers and experiments are kept in."
"""

helps['batchai workspace create'] = """
type: command
short-summary: Create a workspace.
examples:
    - name: Create a workspace.
      text: az batchai workspace create -g MyResourceGroup -n MyWorkspace -l eastus
"""

helps['batchai workspace show'] = """
type: command
short-summary: Show a workspace.
examples:
    - name: Show a workspace as a row of a table.
      text: az batchai workspace show -g MyResourceGroup -n MyWorkspace -o table
"""

helps['batchai workspace list'] = """
type: command
short-summary: List the workspaces of a resource group or of the subscription.
examples:
    - name: List the workspaces of a resource group.
      text: az batchai workspace list -g MyResourceGroup -o table
"""

helps['batchai workspace delete'] = """
type: command
short-summary: Delete a workspace with its clusters, file servers, experiments and jobs.
long-summary: Jobs that run are terminated. The files they wrote to mounted storage stay.
examples:
    - name: Delete a workspace without being asked, and do not wait until it is gone.
      text: az batchai workspace delete -g MyResourceGroup -n MyWorkspace -y --no-wait
"""

helps['batchai experiment'] = """
type: group
short-summary: "Experiments: what jobs of one kind are kept in."
"""

helps['batchai experiment create'] = """
type: command
short-summary: Create an experiment.
examples:
    - name: Create an experiment.
      text: az batchai experiment create -g MyResourceGroup -w MyWorkspace -n MyExperiment
"""

helps['batchai experiment show'] = """
type: command
short-summary: Show an experiment.
examples:
    - name: Show an experiment as a row of a table.
      text: az batchai experiment show -g MyResourceGroup -w MyWorkspace -n MyExperiment -o table
"""

helps['batchai experiment list'] = """
type: command
short-summary: List the experiments of a workspace.
examples:
    - name: List the experiments of a workspace.
      text: az batchai experiment list -g MyResourceGroup -w MyWorkspace -o table
"""

helps['batchai experiment delete'] = """
type: command
short-summary: Delete an experiment with its jobs.
long-summary: Jobs that run are terminated. The files they wrote to mounted storage stay.
examples:
    - name: Delete an experiment without being asked, and do not wait until it is gone.
      text: az batchai experiment delete -g MyResourceGroup -w MyWorkspace -n MyExperiment -y --no-wait
"""
