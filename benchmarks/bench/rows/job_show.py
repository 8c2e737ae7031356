"""`az batchai job show` from start to exit, beside the built-in command and the least that az can do."""
from __future__ import annotations

from pathlib import Path

from bench.az import BUILT_IN, Az, az_service, built_in_az, our_az, profile
from bench.contest import Contest, Contestant, Goal, Row
from bench.running_service import RunningService

_NAMED = 'batchai job show -n shown -g bench -w bench -e bench'

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


def ours(contest: Contest) -> Contestant:
    contest.shared(_ready)
    return _timed(contest, contest.shared(our_az), _NAMED)


def ours_without_names(contest: Contest) -> Contestant:
    """The command has to find workspace and experiment."""
    contest.shared(_ready)
    return _timed(contest, contest.shared(our_az), 'batchai job show -n shown -g bench')


def built_in(contest: Contest) -> Contestant:
    contest.shared(_ready)
    return _timed(contest, contest.shared(built_in_az), _NAMED)


def overriding(contest: Contest) -> Contestant:
    """A command that does nothing, in an extension that overrides the built-in one."""
    extensions = _trivial_extension(contest.new_folder('extension'), 'azext_over', 'batchai job')
    return _timed(contest, profile(contest, contest.new_folder('profile'), extensions), 'batchai job show')


def apart(contest: Contest) -> Contestant:
    extensions = _trivial_extension(contest.new_folder('extension'), 'azext_apart', 'trivial')
    return _timed(contest, profile(contest, contest.new_folder('profile'), extensions), 'trivial show')


def _ready(contest: Contest) -> RunningService:
    """The service with a job to show."""
    service = contest.shared(az_service)
    service.make_cluster(1)
    service.submit(service.submission('shown', 'true'))
    service.ended('shown')
    return service


def _timed(contest: Contest, az: Az, line: str) -> Contestant:
    """The first run is not counted: it makes az's index of commands."""
    az.timed(line)
    return Contestant('', lambda: [az.timed(line) for _ in range(contest.effort.count(4))])


def _trivial_extension(folder: Path, module: str, group: str) -> Path:
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
    return folder


ROWS = [Row('job-show', '`az batchai job show`', 'ms', Goal(270, 160), {
    'ours': ours, 'ours, without -w and -e': ours_without_names, BUILT_IN: built_in,
    'a trivial extension command that overrides it': overriding,
    'a trivial extension command in a group of its own': apart})]
