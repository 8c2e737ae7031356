"""Help of the commands. Importing this module fills knack's table of help texts."""
from knack.help_files import helps

from azext_batchai.help_texts import cluster, file_server, job, service, workspace  # noqa: F401  (they fill the table)

helps['batchai'] = """
type: group
short-summary: Run training jobs on clusters with Batch AI.
"""
