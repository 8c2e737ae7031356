"""What `service` says of an engine with a queue of its own."""
from types import SimpleNamespace

import pytest

from azext_batchai._format import service_row
from azext_batchai.operations import service
from azext_batchai.remote.daemon import Daemon


@pytest.fixture
def warnings(monkeypatch):
    """What is warned of."""
    said = []
    monkeypatch.setattr(service.logger, 'warning', lambda text, *values: said.append(text % values))
    return said


@pytest.fixture
def cmd(tmp_path):
    return SimpleNamespace(cli_ctx=SimpleNamespace(config=SimpleNamespace(config_dir=str(tmp_path))))


def answering(monkeypatch, **answer):
    """A service that runs and says that."""
    for name, value in {'is_running': True, 'ask': answer, 'stop': None, 'state': None}.items():
        monkeypatch.setattr(Daemon, name, lambda self, value=value: value)


@pytest.mark.parametrize('engine, count', [('process', 3), ('slurm', 7)])
def test_what_goes_on_without_the_service_is_counted_with_slurms_queue(cmd, monkeypatch, warnings, engine, count):
    answering(monkeypatch, engine=engine, jobs={'running': 2, 'terminating': 1, 'queued': 4, 'succeeded': 8})
    service.stop_service(cmd)
    assert warnings == [f"{count} job(s) go on without the service; 'az batchai service start' picks them up."]


def test_trouble_is_a_warning_and_in_the_answer(cmd, monkeypatch, warnings):
    answering(monkeypatch, state='running', trouble='Slurm does not answer: 100 % lost', findings=['a', 'b'])
    shown = service.show_service(cmd)
    assert warnings == ['Slurm does not answer: 100 % lost'] == [shown['trouble']]
    assert shown['findings'] == ['a', 'b']


def test_the_table_counts_findings_where_there_are_some():
    assert service_row({'findings': ['a', 'b']})['Findings'] == 2
    assert 'Findings' not in service_row({'findings': []}) and 'Findings' not in service_row({})
