"""The toolkits by the name of their settings block. To add one: a file with the functions of Toolkit, and a line here.
"""
from __future__ import annotations

from typing import Any, Protocol

from azext_batchai.arm.states import TOOL_TYPES
from azext_batchai.service.toolkits import (
    caffe, caffe2, chainer, cntk, custom, custom_mpi, horovod, pytorch, tensorflow)
from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan, ToolkitError
from azext_batchai.service.toolkits.mpi import ranks_per_node
from azext_batchai.service.toolkits.process_counts import process_count


class Toolkit(Protocol):
    """What each module has. Settings were checked against the schema of the request before."""

    def check(self, settings: Settings, node_count: int) -> None:
        """Raises ToolkitError for settings that cannot be launched on so many nodes."""

    def with_defaults(self, settings: Settings, node_count: int) -> Settings:
        """The settings as a reply shows them: what was left out is filled in."""

    def tasks(self, settings: Settings, gang: Gang) -> list[TaskPlan]:
        """The processes of the job. Defaults may be missing: jobs were stored before there were any."""


TOOLKITS: dict[str, Toolkit] = {module.BLOCK: module for module in (
    caffe, caffe2, chainer, cntk, custom, custom_mpi, horovod, pytorch, tensorflow)}
_MPI = (caffe.BLOCK, chainer.BLOCK, cntk.BLOCK, custom_mpi.BLOCK, horovod.BLOCK)


def settings_block(properties: dict[str, Any]) -> str:
    """The name of the one settings block of a job. Raises ToolkitError for none or several."""
    given = [name for name in TOOL_TYPES if name in properties]
    if not given:
        raise ToolkitError('', f"one of {', '.join(TOOL_TYPES)} is required")
    if len(given) > 1:
        raise ToolkitError(given[1], f'cannot be combined with {given[0]}; a job has one toolkit')
    return given[0]


def toolkit_of(properties: dict[str, Any]) -> tuple[Toolkit, Settings]:
    """The toolkit of a job and its settings. Raises ToolkitError as `settings_block`."""
    name = settings_block(properties)
    return TOOLKITS[name], properties[name]


def with_toolkit_defaults(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of a job with what its toolkit's settings left out. Raises ToolkitError as `settings_block`."""
    toolkit, settings = toolkit_of(properties)
    return {**properties, settings_block(properties): toolkit.with_defaults(settings, properties['nodeCount'])}


def host_slots(properties: dict[str, Any]) -> list[int]:
    """How many processes each node has in the MPI host file; one where MPI starts nothing by itself."""
    name, node_count = settings_block(properties), properties['nodeCount']
    by_mpi = name in _MPI or (name == pytorch.BLOCK and pytorch.starts_by_mpi(properties[name], node_count))
    return ranks_per_node(process_count(properties[name], node_count) if by_mpi else node_count, node_count)
