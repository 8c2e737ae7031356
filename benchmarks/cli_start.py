"""How long `az batchai job show` and `az batchai -h` take, beside the built-in module's own and the least az can do.

In one run, interleaved: our commands against a service of its own; az's own batchai module, without our extension, at
the same service; a trivial extension command that overrides the same command; a trivial extension command in a group of
its own; and `az version`. Prints a JSON object with medians in milliseconds.

    .venv/bin/python benchmarks/cli_start.py [--rounds 10]
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from built_in import built_in_profile

_ROOT = Path(__file__).resolve().parent.parent
_AZ = os.environ.get('BATCHAI_TEST_AZ', str(_ROOT / '.venv' / 'bin' / 'az'))
_EXTENSIONS = os.environ.get('AZURE_EXTENSION_DIR', str(_ROOT / '.venv' / 'cliextensions'))
_PATIENCE_SECONDS = 120

_TRIVIAL = '''from azure.cli.core import AzCommandsLoader


class Loader(AzCommandsLoader):
    def __init__(self, cli_ctx=None):
        from azure.cli.core.commands import CliCommandType
        super().__init__(cli_ctx=cli_ctx, custom_command_type=CliCommandType(operations_tmpl='{module}.custom#{{}}'))

    def load_command_table(self, args):
        with self.command_group('{group}') as g:
            g.custom_command('show', 'show')
        return self.command_table


Loader.__module__ = '{module}'
COMMAND_LOADER_CLS = Loader
'''


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=10, help='how often each command is run (default 10)')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = _profile(folder / 'ours', _EXTENSIONS)
        overriding = _profile(folder / 'overriding', _trivial_extension(folder / 'over', 'azext_over', 'batchai job'))
        apart = _profile(folder / 'apart', _trivial_extension(folder / 'apart-ext', 'azext_apart', 'trivial'))
        plain = _profile(folder / 'plain', str(folder / 'none'))
        _run('batchai service start', ours)
        try:
            _submit(folder, ours)
            with built_in_profile(folder / 'built-in', folder / 'ours' / 'batchai') as built_in:
                named = 'batchai job show -n j -g g -w migrated-eastus -e migrated'
                commands = {
                    'az batchai job show': ('batchai job show -n j -g g', ours),
                    'az batchai job show -w -e': (named, ours),
                    'built-in az batchai job show -w -e': (named, built_in),
                    'az batchai -h': ('batchai -h', ours),
                    'built-in az batchai -h': ('batchai -h', built_in),
                    'trivial command overriding it': ('batchai job show', overriding),
                    'trivial command in a group of its own': ('trivial show', apart),
                    'az version': ('version', plain),
                }
                print(json.dumps(_measure(commands, options.rounds), indent=2))
        finally:
            _run('batchai service reset -y', ours)


def _measure(commands: dict[str, tuple[str, dict[str, str]]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each command; the first round warms az's command index and is not counted."""
    samples: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, (line, environment) in commands.items():
            began = time.perf_counter()
            _run(line, environment)
            if number:
                samples[name].append((time.perf_counter() - began) * 1000)
    return {name: round(statistics.median(values), 1) for name, values in samples.items()}


def _profile(config_dir: Path, extensions: str) -> dict[str, str]:
    return {**os.environ, 'AZURE_CONFIG_DIR': str(config_dir), 'AZURE_EXTENSION_DIR': extensions,
            'AZURE_CORE_COLLECT_TELEMETRY': 'no', 'AZURE_CORE_SURVEY_MESSAGE': 'no',
            'AZURE_EXTENSION_USE_DYNAMIC_INSTALL': 'no'}


def _trivial_extension(folder: Path, module: str, group: str) -> str:
    """The least that az takes for an installed extension: a package and a dist-info folder."""
    name = module.removeprefix('azext_')
    package = folder / name / module
    package.mkdir(parents=True)
    (package / '__init__.py').write_text(_TRIVIAL.format(module=module, group=group))
    (package / 'custom.py').write_text("def show():\n    return {'a': 1}\n")
    (package / 'azext_metadata.json').write_text('{"azext.minCliCoreVersion": "2.0.0"}')
    info = folder / name / f'{name}-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
    (info / 'WHEEL').write_text('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
    (info / 'RECORD').write_text('')
    (info / 'INSTALLER').write_text('pip')
    return str(folder)


def _submit(folder: Path, profile: dict[str, str]) -> None:
    (folder / 'job.json').write_text(json.dumps({'properties': {
        'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
        'customToolkitSettings': {'commandLine': 'true'}}}))
    _run('batchai cluster create -g g -l eastus -n c -s Standard_D1 -t 1 -u u -p p', profile)
    _run(f'batchai job create -g g -n j -r c -c {folder}/job.json', profile)


def _run(line: str, environment: dict[str, str]) -> None:
    done = subprocess.run([_AZ, *line.split()], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=_PATIENCE_SECONDS)
    if done.returncode:
        raise RuntimeError(f'az {line}: {done.stderr}')


if __name__ == '__main__':
    main()
