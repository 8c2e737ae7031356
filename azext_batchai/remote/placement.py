"""Which workspace and experiment a resource is in, or goes to, when the command line names none.

The flat commands of 2017 and 2018-03 work on workspaces ``migrated-<location>`` and experiment ``migrated``.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Iterable, Iterator

from azure.cli.core.azclierror import (
    ArgumentUsageError, InvalidArgumentValueError, ResourceNotFoundError as NotFound)

from azext_batchai.arm.ids import (
    FLAT_EXPERIMENT, FLAT_WORKSPACE_PREFIX, flat_workspace, is_valid_name, parse_resource_id)
from azext_batchai.remote import errors
from azext_batchai.remote.file_servers import get_file_server
from azext_batchai.remote.resource_groups import resource_group_location
from azext_batchai.remote.waiting import quick_polling


@dataclass(frozen=True)
class Found:
    """A resource and where it is."""
    resource: Any
    workspace: str
    experiment: str | None = None

    @property
    def options(self) -> str:
        """What to add to a command line to mean this one."""
        return f'-w {self.workspace}' + (f' -e {self.experiment}' if self.experiment else '')


def find_cluster(client: Any, group: str, name: str, workspace: str | None = None) -> Found:
    return _find_in_workspaces(client, group, f"cluster '{name}'", workspace,
                               lambda w: client.clusters.get(group, w, name))


def find_file_server(client: Any, group: str, name: str, workspace: str | None = None) -> Found:
    return _find_in_workspaces(client, group, f"file server '{name}'", workspace,
                               lambda w: get_file_server(client, group, w, name))


def find_job(client: Any, group: str, name: str, workspace: str | None = None, experiment: str | None = None) -> Found:
    """The job of that name; `experiment` narrows the search, within `workspace` or all workspaces."""
    if workspace and experiment:
        return Found(client.jobs.get(group, workspace, experiment, name), workspace, experiment)
    flat, others = ([workspace], []) if workspace else _workspaces(client, group)

    def jobs_in(places: Iterable[tuple[str, str]]) -> list[Found]:
        return [Found(job, w, e) for w, e in places
                if (job := _or_none(partial(client.jobs.get, group, w, e, name)))]

    def places_in(workspaces: list[str]) -> Iterator[tuple[str, str]]:
        for w in workspaces:
            yield from ((w, e) for e in ([experiment] if experiment else _experiments(client, group, w)))

    first = [(w, experiment or FLAT_EXPERIMENT) for w in flat]
    matches = jobs_in(first) or jobs_in(place for place in places_in(flat + others) if place not in first)
    if workspace and not matches:
        client.workspaces.get(group, workspace)  # when it is the workspace that does not exist, this says so
    return _only(matches, f"job '{name}'" + (f" in experiment '{experiment}'" if experiment else ''), group, workspace)


def experiments_of(client: Any, group: str | None, workspace: str | None, experiment: str | None
                   ) -> list[tuple[str, str, str]]:
    """(resource group, workspace, name) of each experiment. One that is named must be in some workspace at least."""
    places = [(g, w, item.name) for g, w in workspaces_of(client, group, workspace)
              for item in client.experiments.list_by_workspace(g, w)
              if not experiment or item.name.lower() == experiment.lower()]
    if experiment and not places:
        within = [f"workspace '{workspace}'"] if workspace else []
        within.append(f"resource group '{group}'" if group else 'the subscription')
        raise NotFound(f"There is no experiment '{experiment}' in {' of '.join(within)}.")
    return places


def workspaces_of(client: Any, group: str | None, workspace: str | None = None) -> list[tuple[str, str]]:
    """(resource group, name) of each workspace of the group or, without one, of the subscription.

    One that is named must exist. In a known group that is left to the request it is for.
    """
    if group and workspace:
        return [(group, workspace)]
    found = client.workspaces.list_by_resource_group(group) if group else client.workspaces.list()
    ids = [parse_resource_id(item.id) for item in found]
    places = [(id.resource_group, id.name) for id in ids if not workspace or id.name.lower() == workspace.lower()]
    if workspace and not places:
        raise NotFound(f"There is no workspace '{workspace}' in the subscription.")
    return places


def chosen_location(option: str | None, configured: str | None) -> str | None:
    """--location, else what the config file says, else the default location of this CLI profile."""
    is_default = getattr(option, 'is_default', False)
    return configured or option if is_default else option or configured


def target_workspace(client: Any, group: str, workspace: str | None, location: str | None) -> str:
    """The workspace a new resource goes to: the one named, else the flat one of `location`, else that of the resource
    group's location."""
    if workspace:
        return workspace
    place = location_for(client, group, None, location)
    flat = flat_workspace(place)
    if not is_valid_name(flat):
        raise InvalidArgumentValueError(f"'{place}' is not a location; write for example --location eastus.")
    return flat


def planned_workspace(client: Any, group: str, workspace: str | None, location: str | None,
                      experiment: str | None = None) -> str:
    """The `target_workspace`, for showing only. A workspace or an experiment that is named must exist."""
    target = target_workspace(client, group, workspace, location)
    if workspace:
        client.workspaces.get(group, workspace)
    if experiment:
        client.experiments.get(group, target, experiment)
    return target


def location_for(client: Any, group: str, workspace: str | None, location: str | None) -> str:
    """Where a new resource will be. A workspace that is named must exist."""
    if workspace:
        return str(client.workspaces.get(group, workspace).location)
    return location or resource_group_location(client, group)


def placed(client: Any, group: str, workspace: str | None, location: str | None,
           create: Callable[[str], Any]) -> Any:
    """Call ``create(workspace)`` with the `target_workspace`; a flat one is made on the way if missing."""
    target = target_workspace(client, group, workspace, location)
    if workspace:
        return create(target)
    return _with_parents(lambda: create(target), lambda: _create_workspace(client, group, target,
                                                                           location_of(client, group, target)))


def placed_job(client: Any, group: str, workspace: str | None, experiment: str | None, location: str | None,
               create: Callable[[str, str], Any]) -> Any:
    """Call ``create(workspace, experiment)``. Experiment ``migrated`` is made on the way, a named one never."""
    target = experiment or FLAT_EXPERIMENT

    def create_in(workspace_name: str) -> Any:
        if experiment:
            return create(workspace_name, target)
        return _with_parents(lambda: create(workspace_name, target),
                             lambda: client.experiments.begin_create(group, workspace_name, target,
                                                                     polling=quick_polling()).result())
    return placed(client, group, workspace, location, create_in)


def location_of(client: Any, group: str, workspace: str) -> str:
    """The location of a workspace; that of a flat one is in its name."""
    if workspace.lower().startswith(FLAT_WORKSPACE_PREFIX):
        return workspace[len(FLAT_WORKSPACE_PREFIX):]
    return client.workspaces.get(group, workspace).location


def _with_parents(create: Callable[[], Any], create_parent: Callable[[], Any]) -> Any:
    """Try first, because the parent is nearly always there already."""
    from azure.core.exceptions import ResourceNotFoundError
    try:
        return create()
    except ResourceNotFoundError as error:
        if not errors.is_missing_parent(error):
            raise
    create_parent()
    return create()


def _create_workspace(client: Any, group: str, name: str, location: str) -> None:
    from azure.mgmt.batchai.models import WorkspaceCreateParameters
    client.workspaces.begin_create(group, name, WorkspaceCreateParameters(location=location),
                                   polling=quick_polling()).result()


def _find_in_workspaces(client: Any, group: str, what: str, workspace: str | None,
                        get: Callable[[str], Any]) -> Found:
    if workspace:
        return Found(get(workspace), workspace)

    def found_in(workspaces: list[str]) -> list[Found]:
        return [Found(resource, w) for w in workspaces if (resource := _or_none(partial(get, w)))]

    flat, others = _workspaces(client, group)
    return _only(found_in(flat) or found_in(others), what, group)


def _only(matches: list[Found], what: str, group: str, workspace: str | None = None) -> Found:
    if not matches:
        within = f"workspace '{workspace}' of " if workspace else ''
        raise NotFound(f"There is no {what} in {within}resource group '{group}'.")
    if len(matches) > 1:
        choices = ' or '.join(match.options for match in matches)
        raise ArgumentUsageError(f"There are {len(matches)} resources that may be meant by {what} in resource group "
                                 f"'{group}'; add {choices}.")
    return matches[0]


def _workspaces(client: Any, group: str) -> tuple[list[str], list[str]]:
    """The names of the group's flat workspaces and of its other ones."""
    names = [item.name for item in client.workspaces.list_by_resource_group(group)]
    flat = [name for name in names if name.lower().startswith(FLAT_WORKSPACE_PREFIX)]
    return flat, [name for name in names if name not in flat]


def _experiments(client: Any, group: str, workspace: str) -> list[str]:
    from azure.core.exceptions import ResourceNotFoundError
    try:
        return [item.name for item in client.experiments.list_by_workspace(group, workspace)]
    except ResourceNotFoundError:
        return []  # deleted since the workspaces were listed


def _or_none(get: Callable[[], Any]) -> Any:
    from azure.core.exceptions import ResourceNotFoundError
    try:
        return get()
    except ResourceNotFoundError:
        return None
