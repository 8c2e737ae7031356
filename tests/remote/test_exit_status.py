import pytest
from knack.cli import CLI
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from azext_batchai.remote.exit_status import exit_with


@pytest.fixture
def cli(tmp_path):
    return CLI(cli_name='az', config_dir=str(tmp_path))


def test_az_leaves_with_the_status_when_the_command_is_through(cli):
    exit_with(cli, 7)
    with pytest.raises(SystemExit) as left:
        cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)
    assert left.value.code == 7


def test_of_several_the_first_counts(cli):
    for status in (0, 3, 7):
        exit_with(cli, status)
    with pytest.raises(SystemExit) as left:
        cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)
    assert left.value.code == 3


def test_success_changes_nothing(cli):
    exit_with(cli, 0)
    cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)


def test_a_later_command_of_the_same_process_is_not_concerned(cli):
    exit_with(cli, 7)
    with pytest.raises(SystemExit):
        cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)
    cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)
