"""cntkSettings: a BrainScript configuration or a Python script, by MPI when there are several processes (semantics
sheet, section 2)."""
from __future__ import annotations

from dataclasses import replace

from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan, ToolkitError
from azext_batchai.service.toolkits.mpi import mpi_tasks
from azext_batchai.service.toolkits.process_counts import check_process_count, process_count
from azext_batchai.service.toolkits.python_command import config_command, python_command
from azext_batchai.service.toolkits.required_settings import require_script_or_config

BLOCK = 'cntkSettings'
_LANGUAGES = ('BrainScript', 'Python')


def check(settings: Settings, node_count: int) -> None:
    """Raises ToolkitError for settings that contradict each other; without languageType what is given decides."""
    given = settings.get('languageType')
    language = _language(settings)
    if given and language not in _LANGUAGES:
        raise ToolkitError(f'{BLOCK}.languageType', f"should be one of {', '.join(_LANGUAGES)}, but is {given[:40]!r}")
    require_script_or_config(BLOCK, settings)
    if language == 'Python' and settings.get('configFilePath'):
        raise ToolkitError(f'{BLOCK}.configFilePath', 'is for languageType BrainScript; for Python give '
                                                      'pythonScriptFilePath')
    if language == 'BrainScript' and settings.get('pythonScriptFilePath'):
        raise ToolkitError(f'{BLOCK}.pythonScriptFilePath', 'is for languageType Python; for BrainScript give '
                                                            'configFilePath')
    check_process_count(BLOCK, settings, node_count)


def with_defaults(settings: Settings, node_count: int) -> Settings:
    resolved = {'processCount': process_count(settings, node_count), 'languageType': _language(settings)}
    return {'languageType': '', **settings, **resolved}


def _language(settings: Settings) -> str:
    """In the published spelling where it is a known one."""
    given: str = settings.get('languageType') or ('Python' if settings.get('pythonScriptFilePath') else 'BrainScript')
    return next((known for known in _LANGUAGES if known.lower() == given.lower()), given)


def tasks(settings: Settings, gang: Gang) -> list[TaskPlan]:
    if _language(settings) == 'Python':
        command = python_command(settings)
    else:
        command = config_command('cntk configFile=', settings['configFilePath'], settings.get('commandLineArgs', ''))
    plans = mpi_tasks(command.text, process_count(settings, len(gang.addresses)), gang, command.shown)
    return [replace(plan, environment={**plan.environment, 'KERAS_BACKEND': 'cntk'}) for plan in plans]
