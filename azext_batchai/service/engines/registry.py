"""The engines by name. Importing one happens when it is chosen."""
from __future__ import annotations

from typing import Callable

from azext_batchai.service.engines.base import Engine
from azext_batchai.service.settings import Settings


def _process(settings: Settings) -> Engine:
    from azext_batchai.service.engines.process import ProcessEngine
    return ProcessEngine(settings.shell, settings.data_dir / 'trash')


ENGINES: dict[str, Callable[[Settings], Engine]] = {'process': _process}


def create_engine(settings: Settings) -> Engine:
    """The engine the settings name. Raises ValueError that lists the known ones."""
    try:
        return ENGINES[settings.engine](settings)
    except KeyError:
        raise ValueError(f"'{settings.engine}' is not an engine; known: {', '.join(ENGINES)}") from None
