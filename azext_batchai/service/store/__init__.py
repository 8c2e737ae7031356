"""Everything the service remembers. SQL stays in this folder; one public method is one transaction."""
from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from azext_batchai.service.store.accounts import Accounts
from azext_batchai.service.store.clusters import Clusters
from azext_batchai.service.store.database import Database
from azext_batchai.service.store.executions import Executions
from azext_batchai.service.store.groups import Groups
from azext_batchai.service.store.jobs import Jobs
from azext_batchai.service.store.launches import Launches
from azext_batchai.service.store.linked_folders import LinkedFolders
from azext_batchai.service.store.operations import Operations
from azext_batchai.service.store.resources import Resources
from azext_batchai.service.store.shared_commits import SharedCommits
from azext_batchai.service.store.stored_files import StoredFiles


class Store:
    """The collections, and `transaction` to make several of their methods one. Requests that come in numbers use
    `commits` instead, to wait for the disk together."""

    def __init__(self, path: Path):
        self.database = Database(path)
        self.commits = SharedCommits(self.database)
        self.resources = Resources(self.database)
        self.clusters = Clusters(self.database)
        self.jobs = Jobs(self.database)
        self.launches = Launches(self.database)
        self.operations = Operations(self.database)
        self.groups = Groups(self.database)
        self.accounts = Accounts(self.database)
        self.executions = Executions(self.database)
        self.stored_files = StoredFiles(self.database)
        self.linked_folders = LinkedFolders(self.database)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        return self.database.transaction()

    def close(self) -> None:
        self.database.close()
