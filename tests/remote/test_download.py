import fcntl
import resource
from contextlib import closing, contextmanager

import pytest
from azure.cli.core.azclierror import AzureConnectionError, FileOperationError

from azext_batchai.remote.download import Downloader, make_folders
from azext_batchai.remote.download_plan import Survey, plan, survey
from azext_batchai.remote.download_record import Record
from azext_batchai.remote.output_folder import Content, Listing, RemoteFile
from azext_batchai.remote.trouble import JobGone, LinkExpired, Patience, Rewritten, Trouble


class FakeSource:
    """Files in memory: ``files[name]`` is (content, modified). `mishaps` happen to the next requests, one each: an
    exception before the answer, or a callable for which the answer breaks off after that many bytes."""

    block = 2
    honours_if_range = True

    def __init__(self, **files):
        self.files = {name: (content, 1000) for name, content in files.items()}
        self.mishaps = []
        self.requests = []
        self.round = 0

    def version(self, name):
        content, modified = self.files[name]
        return f'"{hash((content, modified))}"'

    def listed(self, folder=''):
        self.round += 1
        inside = [name for name in self.files if name.rpartition('/')[0] == folder]
        return Listing([RemoteFile(name.rpartition('/')[2], len(self.files[name][0]), self.files[name][1],
                                   f'{self.round}:{name}') for name in inside],
                       sorted({name.split('/')[0] for name in self.files if '/' in name and not folder}))

    @contextmanager
    def opened(self, link, offset, version):
        _, _, name = link.partition(':')
        self.requests.append((name, offset))
        mishap = self.mishaps.pop(0) if self.mishaps else None
        if isinstance(mishap, BaseException):
            raise mishap
        if name not in self.files:
            raise LinkExpired('HTTP 404')
        content, modified = self.files[name]
        if version and version != self.version(name) and self.honours_if_range:
            offset = 0
        if offset > len(content):
            raise Rewritten
        yield Content(self.version(name), modified, offset, len(content), self._blocks(content[offset:], mishap))

    def _blocks(self, content, mishap):
        for start in range(0, len(content), self.block):
            if callable(mishap):
                mishap(start)
            yield content[start:start + self.block]


def after(size, error):
    """A mishap in the middle of an answer."""
    def break_off(sent):
        if sent >= size:
            raise error
    return break_off


class Heard:
    """A progress that remembers."""

    def __init__(self):
        self.events = []

    def at(self, size):
        self.events.append(size)

    def finished(self, size):
        self.events.append(f'finished {size}')


def patience(what='Downloading'):
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds
    return Patience(what, lambda: now[0], sleep)


def download(source, folder, overwrite=False, progress=None):
    """What a command does, from the listing on."""
    found = survey(source.listed, patience())
    with closing(Record(folder)) as record:
        steps = plan(found, folder, record, 'job', overwrite)
        return [(result.name, result.state) for result in Downloader(source, record, progress or Heard(), patience
                                                                     ).run(steps)]


def interrupted(source, folder, size, error=KeyboardInterrupt):
    """A download that ends after `size` bytes of the first file."""
    source.mishaps = [after(size, error())]
    with pytest.raises(error):
        download(source, folder)
    source.requests.clear()


def test_files_and_folders_arrive_whole_with_their_times(tmp_path):
    source = FakeSource(a=b'abcdef', empty=b'')
    source.files['sub/x'] = (b'12345', 2000)
    assert download(source, tmp_path / 'new') == [('a', 'downloaded'), ('empty', 'downloaded'),
                                                  ('sub/x', 'downloaded')]
    assert {path.name: path.read_bytes() for path in (tmp_path / 'new').rglob('*')
            if path.is_file() and path.name != '.batchai-download'} == {'a': b'abcdef', 'empty': b'', 'x': b'12345'}
    assert (tmp_path / 'new' / 'sub' / 'x').stat().st_mtime == 2000
    assert (tmp_path / 'new' / 'empty').stat().st_mtime == 1000


def test_an_empty_file_costs_no_request(tmp_path):
    source = FakeSource(empty=b'')
    download(source, tmp_path)
    assert source.requests == []


def test_the_same_again_fetches_nothing(tmp_path):
    source = FakeSource(a=b'abcdef', b=b'x')
    download(source, tmp_path)
    source.requests.clear()
    assert download(source, tmp_path) == [('a', 'skipped'), ('b', 'skipped')]
    assert source.requests == []


def test_what_was_interrupted_goes_on_where_it_ended(tmp_path):
    source = FakeSource(a=b'abcdef', b=b'x')
    interrupted(source, tmp_path, 4)
    assert (tmp_path / 'a.batchai-part').read_bytes() == b'abcd' and not (tmp_path / 'a').exists()
    assert download(source, tmp_path) == [('a', 'resumed'), ('b', 'downloaded')]
    assert source.requests == [('a', 4), ('b', 0)]
    assert (tmp_path / 'a').read_bytes() == b'abcdef'
    assert not (tmp_path / 'a.batchai-part').exists()


@pytest.mark.parametrize('honours_if_range', [True, False])
@pytest.mark.parametrize('content', [b'ABCDEFGH', b'XYZ', b'ABCD', b''])
def test_a_part_of_a_file_that_changed_since_is_begun_anew(tmp_path, content, honours_if_range):
    source = FakeSource(a=b'abcdef')
    source.honours_if_range = honours_if_range
    interrupted(source, tmp_path, 4)
    source.files['a'] = (content, 3000)
    assert download(source, tmp_path) == [('a', 'downloaded')]
    assert (tmp_path / 'a').read_bytes() == content
    assert (tmp_path / 'a').stat().st_mtime == 3000


def test_a_part_that_was_whole_needs_only_its_name(tmp_path):
    source = FakeSource(a=b'abcdef')
    interrupted(source, tmp_path, 4)
    (tmp_path / 'a.batchai-part').write_bytes(b'abcdef')
    assert download(source, tmp_path) == [('a', 'resumed')]
    assert source.requests == [('a', 6)]


def test_a_kill_just_before_the_part_gets_its_name_costs_nothing(tmp_path, monkeypatch):
    source = FakeSource(a=b'abc')
    download(source, tmp_path)
    source.files['a'] = (b'abcdef', 2000)

    def killed(*paths):
        raise KeyboardInterrupt
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr('os.replace', killed)
        download(source, tmp_path)
    source.requests.clear()
    assert download(source, tmp_path) == [('a', 'resumed')]
    assert source.requests == [('a', 6)]
    assert (tmp_path / 'a').read_bytes() == b'abcdef'


def test_a_part_that_nothing_is_known_of_is_begun_anew(tmp_path):
    (tmp_path / 'a.batchai-part').write_bytes(b'??')
    source = FakeSource(a=b'abcdef')
    assert download(source, tmp_path) == [('a', 'downloaded')]
    assert (tmp_path / 'a').read_bytes() == b'abcdef'
    assert source.requests == [('a', 0)]


def test_a_file_that_changes_while_it_is_fetched_is_begun_anew(tmp_path):
    source = FakeSource(a=b'abcdef')

    def change(sent):
        if sent >= 4:
            source.files['a'] = (b'ABCDEFGH', 3000)
            raise Trouble('broke off')
    source.mishaps = [change]
    assert download(source, tmp_path) == [('a', 'downloaded')]
    assert (tmp_path / 'a').read_bytes() == b'ABCDEFGH'


def test_a_file_that_has_grown_since_the_listing_is_fetched_as_far_as_it_is(tmp_path):
    source = FakeSource(a=b'abc')
    found = survey(source.listed, patience())
    source.files['a'] = (b'abcdef', 3000)
    with closing(Record(tmp_path)) as record:
        result, = Downloader(source, record, Heard(), patience).run(plan(found, tmp_path, record, 'job', False))
    assert (result.size, (tmp_path / 'a').read_bytes(), (tmp_path / 'a').stat().st_mtime) == (6, b'abcdef', 3000)
    source.files['a'] = (b'abcdefghi', 4000)
    assert download(source, tmp_path) == [('a', 'downloaded')]
    assert (tmp_path / 'a').read_bytes() == b'abcdefghi'


def test_a_server_that_names_no_version_is_never_asked_for_the_rest(tmp_path):
    source = FakeSource(a=b'abcdef')
    source.version = lambda name: ''
    source.mishaps = [after(4, Trouble('broke off'))]
    assert download(source, tmp_path) == [('a', 'downloaded')]
    assert (tmp_path / 'a').read_bytes() == b'abcdef'


@pytest.mark.parametrize('trouble', [Trouble('HTTP 503'), LinkExpired('HTTP 403')])
def test_trouble_in_the_middle_costs_only_the_rest(tmp_path, trouble):
    source = FakeSource(a=b'abcdef')
    source.mishaps = [after(4, trouble), trouble]
    assert download(source, tmp_path) == [('a', 'downloaded')]
    assert source.requests == [('a', 0), ('a', 4), ('a', 4)]
    assert (tmp_path / 'a').read_bytes() == b'abcdef'


def test_an_answer_that_ends_early_without_an_error_is_trouble(tmp_path):
    source = FakeSource(a=b'abcdef')
    real = source.opened

    @contextmanager
    def short(*arguments):
        with real(*arguments) as content:
            yield content if content.start else Content(content.version, content.modified, 0, 6, iter([b'ab']))
    source.opened = short
    assert download(source, tmp_path) == [('a', 'downloaded')]
    assert source.requests == [('a', 0), ('a', 2)]


def test_expired_links_are_asked_for_once_a_folder(tmp_path):
    source = FakeSource(a=b'abc', b=b'abc')
    source.files['sub/x'] = source.files['sub/y'] = (b'abc', 1000)
    found = survey(source.listed, patience())
    before = source.round
    real = source.opened

    @contextmanager
    def strict(link, offset, version):
        if int(link.partition(':')[0]) <= before:
            raise LinkExpired('HTTP 403')
        with real(link, offset, version) as content:
            yield content
    source.opened = strict
    with closing(Record(tmp_path)) as record:
        results = Downloader(source, record, Heard(), patience).run(plan(found, tmp_path, record, 'job', False))
    assert [result.state for result in results] == ['downloaded'] * 4
    assert source.round == before + 2


def test_trouble_that_lasts_ends_the_download_and_keeps_the_part(tmp_path):
    source = FakeSource(a=b'abcdef')
    source.mishaps = [after(4, Trouble('gone')), *[Trouble('gone')] * 1000]
    with pytest.raises(AzureConnectionError, match="Downloading 'a' failed for 60 seconds: gone"):
        download(source, tmp_path)
    source.mishaps.clear()
    assert download(source, tmp_path) == [('a', 'resumed')]


def test_a_file_that_the_job_removes_meanwhile_is_left_out(tmp_path, caplog):
    source = FakeSource(a=b'abc', b=b'abcdef', c=b'abc')

    def remove(sent):
        if sent >= 4:
            del source.files['b']
            raise Trouble('broke off')
    source.mishaps = [None, remove]
    assert download(source, tmp_path) == [('a', 'downloaded'), ('c', 'downloaded')]
    assert "'b' is not there any more" in caplog.text
    assert not (tmp_path / 'b.batchai-part').exists()


def test_a_deleted_job_ends_the_download(tmp_path):
    source = FakeSource(a=b'abc')
    source.mishaps = [JobGone()]
    with pytest.raises(JobGone):
        download(source, tmp_path)


def test_a_part_that_another_download_writes_is_left_to_it(tmp_path):
    source = FakeSource(a=b'abcdef')
    interrupted(source, tmp_path, 4)
    with open(tmp_path / 'a.batchai-part', 'r+b') as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(FileOperationError, match='another download is writing it'):
            download(source, tmp_path)
        assert other.read() == b'abcd'


def test_a_part_that_is_a_link_is_not_written_through(tmp_path):
    victim = tmp_path / 'victim'
    victim.write_bytes(b'precious')
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'a.batchai-part').symlink_to(victim)
    with pytest.raises(FileOperationError, match="Cannot write '.*/out/a'"):
        download(FakeSource(a=b'abcdef'), tmp_path / 'out')
    assert victim.read_bytes() == b'precious'


def test_a_file_that_comes_into_being_meanwhile_is_not_replaced(tmp_path):
    source = FakeSource(a=b'abcdef')
    source.mishaps = [lambda sent: (tmp_path / 'a').write_bytes(b'mine')]
    with pytest.raises(FileOperationError, match='has come into being'):
        download(source, tmp_path)
    assert (tmp_path / 'a').read_bytes() == b'mine'


def test_overwrite_replaces_what_somebody_else_made(tmp_path):
    (tmp_path / 'a').write_bytes(b'mine')
    assert download(FakeSource(a=b'abcdef'), tmp_path, overwrite=True) == [('a', 'downloaded')]
    assert (tmp_path / 'a').read_bytes() == b'abcdef'


@pytest.fixture
def small_disk():
    """Files may be no longer than 100,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_more_is_told_and_the_part_kept(tmp_path, small_disk):
    source = FakeSource(a=bytes(range(256)) * 500)
    source.block = 1 << 16
    with pytest.raises(FileOperationError, match="Cannot write '.*/a': file too large. What was fetched is kept"):
        download(source, tmp_path)
    part = (tmp_path / 'a.batchai-part').read_bytes()
    assert len(part) == 100_000 and source.files['a'][0].startswith(part)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(FileOperationError, match="Cannot write '.*file/sub'"):
        make_folders(tmp_path / 'file', ['sub'])


def test_empty_folders_are_made(tmp_path):
    make_folders(tmp_path, ['a', 'a/b', 'c'])
    make_folders(tmp_path, ['a/b'])
    assert (tmp_path / 'a' / 'b').is_dir() and (tmp_path / 'c').is_dir()


def test_progress_hears_of_every_byte(tmp_path):
    source, heard = FakeSource(a=b'abcdef', b=b'xy'), Heard()
    download(source, tmp_path, progress=heard)
    assert heard.events == [2, 4, 6, 'finished 6', 2, 'finished 2']


def test_progress_of_a_continued_file_begins_where_it_ended(tmp_path):
    source, heard = FakeSource(a=b'abcdef'), Heard()
    interrupted(source, tmp_path, 4)
    download(source, tmp_path, progress=heard)
    assert heard.events == [6, 'finished 6']


def test_nothing_is_looked_for_in_an_empty_survey(tmp_path):
    with closing(Record(tmp_path)) as record:
        assert plan(Survey(), tmp_path, record, 'job', False) == []
