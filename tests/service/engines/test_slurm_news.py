"""Word from the nodes, as it comes in a file."""
import pytest
from contract import wait_until

from azext_batchai.service.engines.slurm.news import News


@pytest.fixture
def told():
    return []


@pytest.fixture
def news(tmp_path, told):
    news = News(tmp_path / 'data' / 'news', told.extend, lambda: True)
    yield news
    news.close()


def say(news, name):
    with open(news.file, 'a') as file:
        file.write(f'{name}\n')


def test_a_line_is_told_soon(news, told):
    news.expect()
    say(news, 'a-1')
    wait_until(lambda: told, lambda names: names == ['a-1'], 'the word')


def test_a_folder_that_could_not_be_made_at_first_is_made_at_the_next_try(news, told, tmp_path):
    (tmp_path / 'data').touch()
    with pytest.raises(OSError):
        news.expect()
    (tmp_path / 'data').unlink()
    news.expect()
    say(news, 'a-1')
    wait_until(lambda: told, lambda names: names == ['a-1'], 'the word')
