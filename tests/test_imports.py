"""What a command imports before it runs. Each of these costs every line that is typed some milliseconds."""
from __future__ import annotations

import json
import subprocess
import sys

import pytest

# What takes 10 to 160 ms, and is needed for a request, for a config file or for storage only.
HEAVY = ('azure.mgmt', 'azure.storage', 'msrest', 'requests', 'paramiko', 'cryptography', 'fastjsonschema', 'jmespath',
         'asyncio', 'yaml', 'azext_batchai.service', 'azext_batchai.arm.checking', 'azext_batchai.payloads.cluster',
         'azext_batchai.payloads.job')

SCRIPT = '''
import json, sys
from types import SimpleNamespace
from azure.cli.core.mock import DummyCli
cli = DummyCli()
before = set(sys.modules)
from azext_batchai import COMMAND_LOADER_CLS
loader = COMMAND_LOADER_CLS(cli)
table = loader.load_command_table(None)
for command in sys.argv[1:]:
    cli.invocation = SimpleNamespace(data={'command_string': command})
    table[command].load_arguments()
    loader.load_arguments(command)
print(json.dumps(sorted(set(sys.modules) - before)))
'''


def imported(*commands: str) -> list[str]:
    """The modules that the table of commands, and the options of `commands`, bring along."""
    done = subprocess.run([sys.executable, '-c', SCRIPT, *commands], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def among(modules: list[str], *names: str) -> list[str]:
    return [module for module in modules if any(f'{module}.'.startswith(f'{name}.') for name in names)]


def test_the_list_of_commands_needs_neither_options_nor_operations() -> None:
    modules = imported()
    assert 'azext_batchai.commands' in modules
    assert among(modules, *HEAVY, *(f'azext_batchai.{name}' for name in ('params', 'operations', 'payloads', 'remote'))
                 ) == []


@pytest.mark.parametrize('command, module', [
    ('batchai cluster show', 'cluster'), ('batchai cluster list', 'cluster'), ('batchai job show', 'job'),
    ('batchai job list', 'job'), ('batchai job delete', 'job'),
    ('batchai job wait', 'wait'), ('batchai job file stream', 'job_file'), ('batchai list-usages', 'usage'),
    ('batchai workspace show', 'workspace'), ('batchai service show', 'service')])
def test_a_command_that_reads_no_config_file_imports_nothing_heavy_before_it_runs(command: str, module: str) -> None:
    modules = imported(command)
    assert f'azext_batchai.operations.{module}' in modules
    assert among(modules, *HEAVY) == []
