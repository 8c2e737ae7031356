from argparse import Namespace
from types import SimpleNamespace

import pytest
from azure.cli.core.mock import DummyCli
from knack.cli import CLI
from knack.events import EVENT_INVOKER_FILTER_RESULT, EVENT_INVOKER_POST_PARSE_ARGS

from azext_batchai._loader import BatchAICommandsLoader
from azext_batchai.remote.exit_status import SEVERAL_IDS


@pytest.mark.parametrize('result, printed', [
    (None, None), ([None, None], None), ([], []), ([{'name': 'a'}, None], [{'name': 'a'}, None]), ('text', 'text')])
def test_what_returns_nothing_prints_nothing_for_several_ids(result, printed):
    cli = DummyCli()
    BatchAICommandsLoader(cli)
    cli.data['command'] = 'batchai job wait'
    event = {'result': result}
    cli.raise_event(EVENT_INVOKER_FILTER_RESULT, event_data=event)
    assert event['result'] == printed


def test_other_commands_of_az_print_what_they_did_before():
    cli = DummyCli()
    BatchAICommandsLoader(cli)
    cli.data['command'] = 'vm delete'
    event = {'result': [None, None]}
    cli.raise_event(EVENT_INVOKER_FILTER_RESULT, event_data=event)
    assert event['result'] == [None, None]


@pytest.mark.parametrize('resource_ids, several', [(None, False), (['a'], False), (['a', 'b'], True)])
def test_several_ids_are_noticed(tmp_path, resource_ids, several):
    cli = CLI(cli_name='az', config_dir=str(tmp_path))
    BatchAICommandsLoader(cli)
    cli.invocation = SimpleNamespace(data={})
    line = Namespace(_ids=resource_ids, _output_format='json', _jmespath_query=None)
    cli.raise_event(EVENT_INVOKER_POST_PARSE_ARGS, command='batchai job show', args=line)
    assert cli.data[SEVERAL_IDS] is several
