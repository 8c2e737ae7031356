"""What attempts need besides the store and the engine: secrets of a key vault, and something to run containers."""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Callable, Mapping

from azext_batchai.service.containers.runtime import NONE, Runtime, find_runtime, no_runtime_problem
from azext_batchai.service.secrets.references import secret_references
from azext_batchai.service.secrets.resolver import SecretResolver
from azext_batchai.service.settings import Settings


class NoRuntime(Exception):
    """There is nothing on this machine to run a container with."""


@dataclass(frozen=True)
class Provisions:
    """`container_runtime` and `container_options` are those of the settings; `search_path` is where programs are."""
    secrets: SecretResolver
    container_runtime: str = ''
    container_options: str = ''
    search_path: str = ''

    @property
    def runs_on_host(self) -> bool:
        """Whether jobs that ask for a container run without one."""
        return self.container_runtime == NONE

    def runtime(self) -> Runtime:
        """What runs containers, also those that were begun before somebody switched them off. Raises NoRuntime."""
        wanted = '' if self.runs_on_host else self.container_runtime
        found = find_runtime(wanted, self.search_path, self.container_options)
        if found is None:
            raise NoRuntime(no_runtime_problem(wanted))
        return found

    def all_secrets(self, owner: str, properties: dict[str, Any], kept: Mapping[str, str]) -> dict[str, str]:
        """Values by the name of their variable: those the service `kept` and those that `properties`, of a job or a
        setup task, refer to. Raises StillResolving and SecretUnavailable."""
        references = secret_references(properties)
        return {**kept, **self.secrets.resolve(owner, references)} if references else dict(kept)


def provisions_of(settings: Settings, wake: Callable[[], None]) -> Provisions:
    """As the settings say. `wake` is called from any thread when a secret is there."""
    return Provisions(SecretResolver(settings.secrets_path, wake), settings.container_runtime,
                      settings.container_options, os.environ.get('PATH', os.defpath))
