import io
from types import SimpleNamespace

import pytest

from azext_batchai.remote import transfer_bar as module
from azext_batchai.remote.transfer_bar import Silence, TransferBar, transfer_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def cli(only_show_errors=False, disabled=False):
    from azure.cli.core.commands import progress
    hook = progress.ProgressHook()

    def get_progress_controller(det):
        hook.init_progress(progress.get_progress_view(det, outstream=module.sys.stderr))
        return hook
    return SimpleNamespace(only_show_errors=only_show_errors, get_progress_controller=get_progress_controller,
                           config=SimpleNamespace(getboolean=lambda *names: disabled))


def on_terminal(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr('sys.stderr', stream)  # not in a fixture: pytest sets its own between that and the test
    return stream


def test_the_bar_tells_files_bytes_and_share(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with transfer_bar(cli(), 2, 4_000_000) as bar:
        bar.at(1_000_000)
    assert '0/2 files, 1.0 MB of 4.0 MB [#' in terminal.getvalue()
    assert '25.0000%' in terminal.getvalue()
    assert terminal.getvalue().endswith('\n')


def test_an_interrupted_bar_leaves_the_terminal_on_a_new_line(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        with transfer_bar(cli(), 1, 100) as bar:
            bar.at(50)
            raise KeyboardInterrupt
    assert terminal.getvalue().endswith('\n')


def test_it_is_drawn_ten_times_a_second_at_most():
    drawn, now = [], [0.0]
    bar = TransferBar(lambda **values: drawn.append(values['value']), 1, 1000, lambda: now[0])
    for size in range(100):
        now[0] = size / 32
        bar.at(size)
    assert len(drawn) == 25


def test_finished_files_add_up_and_growth_does_not_pass_the_end():
    drawn = []
    now = iter(range(100))
    bar = TransferBar(lambda **values: drawn.append((values['message'].split(',')[0], values['value'])), 2, 30,
                      lambda: next(now))
    bar.at(10)
    bar.finished(10)
    bar.at(25)
    bar.finished(20)
    assert drawn == [('0/2 files', 10), ('1/2 files', 10), ('1/2 files', 30), ('2/2 files', 30)]


def test_the_end_is_drawn_however_soon_it_comes():
    drawn = []
    bar = TransferBar(lambda **values: drawn.append(values['value']), 2, 30, lambda: 0.0)
    bar.at(10)
    bar.finished(10)
    bar.finished(20)
    assert drawn == [10, 30]


@pytest.mark.parametrize('context, files, size', [
    (cli(only_show_errors=True), 1, 100), (cli(disabled=True), 1, 100), (cli(), 0, 0)])
def test_there_is_silence_when_az_is_told_so_or_nothing_is_fetched(monkeypatch, context, files, size):
    terminal = on_terminal(monkeypatch)
    with transfer_bar(context, files, size) as bar:
        assert isinstance(bar, Silence)
        bar.at(1)
        bar.finished(1)
    assert terminal.getvalue() == ''


def test_there_is_silence_without_a_terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr('sys.stderr', stream)
    with transfer_bar(cli(), 1, 100) as bar:
        bar.at(50)
    assert stream.getvalue() == ''
