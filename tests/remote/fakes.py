"""A management client in memory, as much of it as placement and errors need."""
from types import SimpleNamespace

from azure.core.exceptions import ResourceNotFoundError

from azext_batchai.remote.connection import Connection

SUBSCRIPTION = '00000000-0000-0000-0000-000000000000'
HERE, ELSEWHERE = Connection('https://127.0.0.1:1', 't'), Connection('https://127.0.0.1:2', 't')


def failing(error):
    """A method that raises `error`."""
    def ask(*_args, **_options):
        raise error
    return ask


def client_at(connection, **jobs):
    """A client with only these methods of its `jobs`."""
    return SimpleNamespace(connection=connection, jobs=SimpleNamespace(**jobs))


def not_found(code):
    error = ResourceNotFoundError(f'({code})')
    error.error = SimpleNamespace(code=code, message=f'{code} it is', target=None, details=[])
    error.status_code = 404
    return error


class Done:
    """A poller of an operation that is over."""

    def __init__(self, result=None):
        self._result = result

    def result(self):
        return self._result


class FakeClient:
    """`tree` is {workspace: {'clusters': [...], experiment: [job, ...]}}; `calls` lists what was asked."""

    def __init__(self, tree, group='demo'):
        self.tree, self.group, self.calls = tree, group, []
        self._config = SimpleNamespace(subscription_id=SUBSCRIPTION)
        self.workspaces = SimpleNamespace(
            list_by_resource_group=self._workspaces, list=lambda: self._workspaces(group),
            get=lambda g, w: self._workspace(w), begin_create=self._create_workspace)
        self.experiments = SimpleNamespace(get=self._experiment, list_by_workspace=self._experiments,
                                           begin_create=self._create_experiment)
        self.clusters = SimpleNamespace(get=lambda g, w, c: self._get(w, 'clusters', c, 'ClusterNotFound'))
        self.jobs = SimpleNamespace(get=lambda g, w, e, j: self._get(w, e, j, 'JobNotFound'))

    def _item(self, name, path):
        return SimpleNamespace(name=name, id=f'/subscriptions/{SUBSCRIPTION}/resourceGroups/{self.group}'
                                             f'/providers/Microsoft.BatchAI/{path}')

    def _workspaces(self, group):
        self.calls.append('list workspaces')
        return [self._item(name, f'workspaces/{name}') for name in self.tree]

    def _workspace(self, name):
        self.calls.append(f'get {name}')
        if name not in self.tree:
            raise not_found('WorkspaceNotFound')
        return SimpleNamespace(name=name, location='westus2')

    def _create_workspace(self, group, name, parameters, polling=None):
        self.calls.append(f'put {name} in {parameters.location}')
        self.tree[name] = {}
        return Done()

    def _experiments(self, group, workspace):
        self.calls.append(f'list experiments of {workspace}')
        if workspace not in self.tree:
            raise not_found('WorkspaceNotFound')
        return [self._item(name, '') for name in self.tree[workspace] if name != 'clusters']

    def _experiment(self, group, workspace, name):
        if name not in self.tree.get(workspace, {}):
            raise not_found('ExperimentNotFound')
        return self._item(name, f'workspaces/{workspace}/experiments/{name}')

    def _create_experiment(self, group, workspace, name, polling=None):
        self.calls.append(f'put {workspace}/{name}')
        if workspace not in self.tree:
            raise not_found('WorkspaceNotFound')
        self.tree[workspace][name] = []
        return Done()

    def _get(self, workspace, kind, name, code):
        self.calls.append(f'get {workspace}/{kind}/{name}')
        if name not in self.tree.get(workspace, {}).get(kind, []):
            raise not_found(code)
        return self._item(name, f'workspaces/{workspace}/{kind}/{name}')
