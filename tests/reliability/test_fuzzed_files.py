"""Files that people, older versions or a full disk may have left in any state: read, or refused in one line."""
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azext_batchai.remote.daemon import Daemon
from azext_batchai.service.secrets.local_file import BadSecretsFile, read_secrets_file
from azext_batchai.service.server import _last_port
from azext_batchai.service.settings import Settings, SettingsError, load_settings
from azext_batchai.service.toolkits.mpi_failure import mpi_problem

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.text(max_size=10), inner, max_size=4), max_leaves=12)
NAMES = sorted(set(Settings.__dataclass_fields__) - {'data_dir'})
DEEP = b'[' * 100_000
CONTENT = (st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
           | st.sampled_from([DEEP, b'{"port":' + b'1' * 5000 + b'}', b'{"port": 1e999}', b'{"port": Infinity}',
                              b'{"port": NaN}', b'{"host": "\\ud800"}', b'\xef\xbb\xbf{}', b'{"port":' + DEEP]))


def _is_one_line(error):
    text = str(error)
    return text and text.isprintable() and len(text) < 2000


@FUZZ
@given(content=CONTENT | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4).map(
    lambda value: json.dumps(value).encode()))
def test_settings_are_read_or_refused_in_one_line(tmp_path, content):
    (tmp_path / 'settings.json').write_bytes(content)
    try:
        assert isinstance(load_settings(tmp_path, {}, {}), Settings)
    except SettingsError as error:
        assert _is_one_line(error), str(error)


@FUZZ
@given(content=CONTENT | st.dictionaries(st.sampled_from(['port', 'pid']), JSON).map(
    lambda value: json.dumps(value).encode()))
def test_a_state_file_gives_a_port_or_none(tmp_path, content):
    (tmp_path / 'service.json').write_bytes(content)
    port = _last_port(tmp_path / 'service.json', 'port')
    assert port is None or 0 < port <= 65535
    assert isinstance(Daemon(tmp_path).state(), (dict, type(None)))


@FUZZ
@given(content=CONTENT | st.dictionaries(st.text(max_size=40), JSON).map(lambda value: json.dumps(value).encode()))
def test_secrets_are_read_or_refused_in_one_line(tmp_path, content):
    file = tmp_path / 'secrets.json'
    file.write_bytes(content)
    file.chmod(0o600)
    try:
        assert isinstance(read_secrets_file(file), dict)
    except BadSecretsFile as error:
        assert _is_one_line(error), str(error)


@FUZZ
@given(content=st.binary(max_size=200) | st.lists(st.from_regex(
    r'(rank|lost|daemon) \d{1,8} exit \d{1,4}|unknown .{0,120}|missing')).map(lambda lines: '\n'.join(lines).encode()))
def test_a_record_of_mpi_is_a_printable_sentence_or_nothing(tmp_path, content):
    (tmp_path / '.mpi').mkdir(exist_ok=True)
    (tmp_path / '.mpi/failed').write_bytes(content)
    found = mpi_problem(tmp_path)
    assert found is None or _is_one_line(found.message), found


@FUZZ
@given(content=CONTENT)
def test_the_connection_file_is_used_or_refused_in_one_line(tmp_path, content):
    azclierror = pytest.importorskip('azure.cli.core.azclierror')
    from azext_batchai.remote.connection import connection_file, find_connection
    file = connection_file(str(tmp_path))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(0o600)
    try:
        find_connection(str(tmp_path), {})
    except azclierror.AzCLIError as error:
        assert _is_one_line(error), str(error)
