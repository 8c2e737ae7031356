import io

import pytest
from azure.cli.core.azclierror import AzureConnectionError

from azext_batchai.remote.control_codes import WholeCharacters, WithoutControlCodes
from azext_batchai.remote.following import POLL_SECONDS, FileFollowing, FolderFollowing
from azext_batchai.remote.job_files import FileEntry
from azext_batchai.remote.trouble import JobGone, LinkExpired, Rewritten, Trouble

NAME = 'stdout.txt'


class FakeFiles:
    """A job that acts out `script`: each look at it takes the next step, a callable on this object."""

    def __init__(self, *script):
        self.script = list(script)
        self.contents, self.finished = {}, False
        self.listings, self.reads, self.held = 0, [], []

    def _advance(self, hold):
        self.held.append(hold)
        if self.script:
            self.script.pop(0)(self)

    def entries(self, hold=0.0, growth=False):
        self._advance(hold)
        self.listings += 1
        return [FileEntry(name, f'https://h/{name}', len(content)) for name, content in sorted(self.contents.items())]

    def read(self, link, offset, hold=0.0):
        self._advance(hold)
        content = self.contents.get(link.rpartition('/')[2])
        if content is None:
            raise LinkExpired('404')
        self.reads.append(offset)
        if len(content) < offset:
            raise Rewritten
        if content[offset:]:
            yield content[offset:]

    def is_finished(self):
        return self.finished

    def standing(self):
        return "job 'j' is queued: too few nodes"


def write(text, name=NAME):
    def step(files):
        files.contents[name] = files.contents.get(name, b'') + text
    return step


def rewrite(text, name=NAME):
    def step(files):
        files.contents[name] = text
    return step


def remove(files):
    del files.contents[NAME]


def finish(files):
    files.finished = True


def both(*steps):
    def step(files):
        for part in steps:
            part(files)
    return step


def nothing(files):
    pass


def fail(error):
    def step(files):
        raise error
    return step


def collaborators():
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds
        assert now[0] < 1000, 'follows for ever'
    return now, {'clock': lambda: now[0], 'sleep': sleep}


def follow(files, filter=WholeCharacters):
    """Whether the file appeared, what was printed, and the seconds that took."""
    now, hands = collaborators()
    out = io.BytesIO()
    appeared = FileFollowing(files, lambda names: NAME if NAME in names else None, f"'{NAME}'", out, filter(),
                             **hands).run()
    return appeared, out.getvalue(), now[0]


def follow_all(files, filter=WholeCharacters):
    now, hands = collaborators()
    out = io.BytesIO()
    appeared = FolderFollowing(files, lambda name: name != 'execution.log', out, filter, **hands).run()
    return appeared, out.getvalue(), now[0]


# one file

@pytest.mark.parametrize('script, printed', [
    ([write(b'a'), finish], b'a'),
    ([nothing, nothing, write(b'a'), write(b'b'), nothing, write(b'c\xff'), finish], b'abc\xff'),
    ([write(b'a'), both(write(b'tail'), finish)], b'atail'),
    ([write(b'\xe2'), write(b'\x82'), nothing, write(b'\xac'), finish], '€'.encode()),
    ([write(b'\xe2\x82'), finish], b'\xe2\x82'),
    ([write(b''), finish], b''),
], ids=['at once', 'bit by bit', 'tail written at the end', 'cut character', 'character never whole', 'empty file'])
@pytest.mark.parametrize('filter', [WholeCharacters, WithoutControlCodes])
def test_everything_is_printed_once(script, printed, filter):
    assert follow(FakeFiles(*script), filter)[:2] == (True, printed)


def test_what_is_written_between_the_last_read_and_the_end_of_the_job_is_printed():
    files = FakeFiles(write(b'a'))

    def is_finished():
        if not files.finished:
            files.contents[NAME] += b'last words'
        files.finished = True
        return True
    files.is_finished = is_finished
    assert follow(files)[:2] == (True, b'alast words')


def test_only_what_is_new_is_asked_for():
    files = FakeFiles(write(b'one'), nothing, write(b'two'), finish)
    follow(files)
    assert sorted(set(files.reads)) == [0, 3, 6]


def test_the_last_look_is_not_held():
    files = FakeFiles(write(b'a'), nothing, finish)
    follow(files)
    assert files.held[-1] == 0 and all(files.held[:-1])


def test_a_job_that_never_wrote_the_file_ends_the_stream():
    assert follow(FakeFiles(nothing, finish))[:2] == (False, b'')


@pytest.mark.parametrize('error', [Trouble('lost'), LinkExpired('403')])
def test_trouble_on_the_way_loses_nothing(error):
    files = FakeFiles(write(b'one'), nothing, fail(error), fail(error), write(b'two'), finish)
    assert follow(files)[:2] == (True, b'onetwo')


def test_an_expired_link_is_asked_for_again():
    files = FakeFiles(write(b'one'), nothing, fail(LinkExpired('403')), write(b'two'), finish)
    follow(files)
    assert files.listings == 2


@pytest.mark.parametrize('script', [
    [write(b'first try'), nothing, rewrite(b''), rewrite(b'second'), finish],
    [write(b'first try'), nothing, both(rewrite(b'second'), finish)],
], ids=['truncated, then written', 'while the job ends'])
def test_a_file_that_shrinks_is_printed_from_its_beginning_and_that_is_said_once(script, caplog):
    assert follow(FakeFiles(*script))[:2] == (True, b'first trysecond')
    assert caplog.messages == ["'stdout.txt' has become shorter; it is shown from its beginning again."]


def test_what_was_held_back_of_a_file_that_shrinks_is_no_part_of_its_new_content():
    files = FakeFiles(write(b'first try\x1b[3'), nothing, both(rewrite(b'1m'), finish))
    assert follow(files, WithoutControlCodes)[:2] == (True, b'first try[31m')


def test_a_file_that_vanishes_is_waited_for_and_that_is_said_once(caplog):
    files = FakeFiles(write(b'first'), nothing, remove, nothing, nothing, write(b'other'), nothing, finish)
    assert follow(files)[:2] == (True, b'firstother')
    assert caplog.messages == ["'stdout.txt' is gone; if the job writes it again, it is shown from its beginning."]


def test_a_file_that_vanishes_for_good_ends_with_the_job():
    assert follow(FakeFiles(write(b'first'), nothing, remove, nothing, finish))[:2] == (True, b'first')


def test_lasting_trouble_ends_the_stream():
    with pytest.raises(AzureConnectionError, match="Reading 'stdout.txt' failed for 60 seconds: lost. The job goes on"):
        follow(FakeFiles(*[fail(Trouble('lost'))] * 1000))


def test_a_deleted_job_ends_the_stream():
    with pytest.raises(JobGone):
        follow(FakeFiles(write(b'a'), fail(JobGone())))


def test_a_service_that_holds_nothing_is_asked_a_few_times_a_second():
    files = FakeFiles(write(b'a'), *[nothing] * 60, finish)
    asked = []
    files.is_finished = lambda: asked.append(True) or files.finished
    _, _, seconds = follow(files)
    assert len(asked) <= seconds / 0.25 + 2
    assert len(files.reads) <= seconds / POLL_SECONDS + 3


def test_a_long_wait_for_the_file_is_explained_once(caplog):
    follow(FakeFiles(*[nothing] * 60, write(b'a'), finish))
    assert caplog.messages == ["Waiting for 'stdout.txt'; job 'j' is queued: too few nodes"]


@pytest.mark.parametrize('script', [[nothing] * 5 + [write(b'a'), finish], [write(b'a')] + [nothing] * 90 + [finish]],
                         ids=['short wait', 'quiet file'])
def test_other_waits_need_no_words(caplog, script):
    follow(FakeFiles(*script))
    assert not caplog.messages


# every log

def test_whole_lines_of_every_log_are_printed_behind_its_name():
    files = FakeFiles(both(write(b'a1\na', 'stdout-0.txt'), write(b'b1\n', 'stdout-1.txt')), nothing, nothing,
                      both(write(b'2\n', 'stdout-0.txt'), write(b'b2\nb', 'stdout-1.txt')),
                      both(write(b'new\n', 'stderr-0.txt'), write(b'3', 'stdout-1.txt')), nothing, finish)
    appeared, printed, _ = follow_all(files)
    assert appeared and printed.splitlines() == [
        b'stdout-0.txt: a1', b'stdout-1.txt: b1', b'stdout-0.txt: a2', b'stdout-1.txt: b2', b'stderr-0.txt: new',
        b'stdout-1.txt: b3']


def test_lines_written_as_the_job_ends_are_printed_and_an_unfinished_one_is_ended():
    files = FakeFiles(write(b'a\n', 'x'), nothing, both(write(b'tail', 'x'), write(b'other', 'y'), finish))
    assert follow_all(files)[1] == b'x: a\nx: tail\ny: other\n'


def test_a_log_that_is_not_wanted_is_left_out():
    assert follow_all(FakeFiles(write(b'a\n', 'execution.log'), finish))[:2] == (False, b'')


def test_only_files_that_have_grown_are_read():
    files = FakeFiles(both(write(b'a\n', 'x'), write(b'b\n', 'y')), nothing, nothing, write(b'c\n', 'x'), finish)
    follow_all(files)
    assert files.reads == [0, 0, 2]


def test_a_log_that_shrinks_begins_a_line_of_its_own(caplog):
    files = FakeFiles(write(b'first tr', 'x'), nothing, rewrite(b'new\n', 'x'), finish)
    assert follow_all(files)[1] == b'x: first tr\nx: new\n'
    assert caplog.messages == ["'x' has become shorter; it is shown from its beginning again."]


def test_a_log_that_vanishes_is_said_once_and_followed_when_it_is_back(caplog):
    files = FakeFiles(write(b'one\n'), nothing, remove, nothing, write(b'two\n'), nothing, finish)
    assert follow_all(files)[1] == b'stdout.txt: one\nstdout.txt: two\n'
    assert len(caplog.messages) == 1 and 'is gone' in caplog.messages[0]


def test_trouble_while_one_log_is_read_loses_no_line():
    files = FakeFiles(both(write(b'a\n', 'x'), write(b'b\n', 'y')), nothing, fail(Trouble('lost')),
                      fail(LinkExpired('403')), write(b'c\n', 'x'), finish)
    assert sorted(follow_all(files)[1].splitlines()) == [b'x: a', b'x: c', b'y: b']


def test_a_line_without_end_does_not_fill_the_memory():
    chunk = b'x' * 300_000
    files = FakeFiles(*[both(write(chunk, 'x'))] * 20, finish)
    printed = follow_all(files)[1]
    assert printed.count(b'x: ') > 3 and printed.replace(b'x: ', b'').replace(b'\n', b'') == files.contents['x']


def test_a_name_with_control_codes_does_no_harm():
    assert follow_all(FakeFiles(write(b'a\n', 'x\x1b[31m\n'), finish))[1] == b'x?[31m?: a\n'
