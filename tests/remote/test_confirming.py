import sys

import pytest
from azure.cli.core.azclierror import RequiredArgumentMissingError
from knack import prompting

from azext_batchai.remote.confirming import confirm


@pytest.mark.parametrize('answer, agreed', [('y', True), ('n', False)])
def test_the_answer_counts(monkeypatch, answer, agreed):
    asked = []
    monkeypatch.setattr(prompting, 'verify_is_a_tty', lambda: None)
    monkeypatch.setattr(prompting, '_input', lambda question: asked.append(question) or answer)
    assert confirm('Really?') is agreed
    assert asked == ['Really? (y/n): ']


def test_without_a_terminal_the_option_is_named(monkeypatch, tmp_path):
    (tmp_path / 'no-terminal').touch()
    with open(tmp_path / 'no-terminal') as nobody:
        monkeypatch.setattr(sys, 'stdin', nobody)
        with pytest.raises(RequiredArgumentMissingError, match='Nothing was done: .* Add --yes/-y'):
            confirm('Really?')
