import dataclasses
import json
import os

import pytest

from azext_batchai.service.settings import Settings, SettingsError, load_settings


def load(folder, file=None, flags=None, **environment):
    if file is not None:
        (folder / 'settings.json').write_text(file if isinstance(file, str) else json.dumps(file))
    variables = {f'BATCHAI_SERVICE_{name.upper()}': value for name, value in environment.items()}
    return load_settings(folder, flags or {}, variables)


def test_without_anything_there_are_defaults(tmp_path):
    settings = load(tmp_path)
    assert settings == Settings(data_dir=tmp_path)
    assert (settings.host, settings.port, settings.engine) == ('127.0.0.1', 0, 'process')


def test_the_file_gives_way_to_the_environment_and_that_to_the_command_line(tmp_path):
    settings = load(tmp_path, {'port': 1, 'engine': 'file', 'log_level': 'debug'},
                    {'port': 3, 'host': None}, port='2', engine='environment')
    assert (settings.port, settings.engine, settings.log_level, settings.host) == (
        3, 'environment', 'debug', '127.0.0.1')


def test_values_have_the_type_of_the_setting_wherever_they_come_from(tmp_path):
    settings = load(tmp_path, {'request_limit_bytes': 5}, terminate_grace_seconds='0.5', port='8080')
    assert (settings.request_limit_bytes, settings.terminate_grace_seconds, settings.port) == (5, 0.5, 8080)


def test_the_data_folder_comes_from_the_command_line_only(tmp_path):
    assert load(tmp_path, data_dir='/elsewhere').data_dir == tmp_path


def test_a_relative_data_folder_does_not_follow_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_settings(type(tmp_path)('data'), {}, {}).data_dir == tmp_path / 'data'
    monkeypatch.setenv('HOME', str(tmp_path))
    assert load_settings(type(tmp_path)('~/data'), {}, {}).data_dir == tmp_path / 'data'


def test_everything_the_service_makes_lies_in_the_data_folder(tmp_path):
    settings = Settings(data_dir=tmp_path)
    files = [settings.database_file, settings.token_file, settings.ca_file, settings.server_certificate_file,
             settings.state_file, settings.lock_file, settings.log_file]
    assert {file.parent for file in files} == {tmp_path}
    assert len(set(files)) == len(files)


def test_the_secrets_file_is_in_the_data_folder_unless_it_has_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', '/home/me')
    places = [load(tmp_path, **({'secrets_file': given} if given else {})).secrets_path
              for given in ('', 'mine.json', '/etc/batchai/secrets.json', '~/secrets.json')]
    assert [str(place) for place in places] == [
        f'{tmp_path}/secrets.json', f'{tmp_path}/mine.json', '/etc/batchai/secrets.json', '/home/me/secrets.json']


def test_the_slurm_file_is_in_the_data_folder_unless_it_has_a_folder(tmp_path):
    places = [load(tmp_path, **({'slurm_file': given} if given else {})).slurm_path
              for given in ('', 'mine.json', '/etc/batchai/slurm.json')]
    assert [str(place) for place in places] == [
        f'{tmp_path}/slurm.json', f'{tmp_path}/mine.json', '/etc/batchai/slurm.json']


@pytest.mark.parametrize('given', [{'flags': {'engine': 'slurm'}}, {'engine': 'slurm'}], ids=['option', 'variable'])
def test_jobs_of_slurm_are_those_of_the_services_own_user(tmp_path, given):
    with pytest.raises(SettingsError, match='^--job-user does not go with the engine slurm: start the service as the'):
        load(tmp_path, job_user='nobody', **given)


@pytest.mark.parametrize('left, expected', [
    pytest.param({'engine': 'slurm\n'}, 'slurm', id='remembered'),
    pytest.param({'engine': ''}, 'process', id='half written'),
    pytest.param({'engine': '\xff'}, 'process', id='damaged'),
    pytest.param({'batchai.db': ''}, 'process', id='from before it was remembered')])
def test_the_engine_is_by_default_the_one_used_before(tmp_path, left, expected):
    for name, text in left.items():
        (tmp_path / name).write_bytes(text.encode('latin-1'))
    assert load(tmp_path).engine == expected
    assert load(tmp_path, engine='other').engine == 'other'


@pytest.mark.parametrize('given, said', [
    pytest.param({'file': '{'}, 'settings.json cannot be used', id='no JSON'),
    pytest.param({'file': '[]'}, 'should be an object with any of these keys', id='no object'),
    pytest.param({'file': {'prot': 1}}, 'should be an object with any of these keys: autoscale_idle_seconds',
                 id='unknown key'),
    pytest.param({'file': {'data_dir': '/x'}}, 'should be an object with any of these keys', id='data_dir in the file'),
    pytest.param({'file': {'port': 'many'}}, "port from .*settings.json should be a int, but is 'many'",
                 id='file value'),
    pytest.param({'file': {'port': None}}, 'port from .*settings.json', id='null'),
    pytest.param({'port': 'x'}, 'port from environment variable BATCHAI_SERVICE_PORT', id='environment value'),
    pytest.param({'terminate_grace_seconds': 'soon'}, 'should be a float', id='no number'),
    pytest.param({'flags': {'port': 'x'}}, 'port from option port', id='option'),
    pytest.param({'port': '65536'}, 'port 65536 is not between 0 and 65535', id='port too large'),
    pytest.param({'flags': {'container_runtime': 'lxc'}}, "container_runtime 'lxc' is not one of podman, docker, none",
                 id='container runtime'),
    pytest.param({'container_options': '--env "A'}, 'container_options cannot be read as words of a shell: No closing',
                 id='quotes of options'),
    pytest.param({'blob_port': '-1'}, 'blob_port -1 is not between 0 and 65535', id='port of blobs below 0'),
    pytest.param({'file': {'port': 7, 'file_port': 7}}, 'port 7 is that of another part', id='one port twice'),
    pytest.param({'port': '-1'}, 'port -1 is not between 0 and 65535', id='port below 0'),
])
def test_a_wrong_setting_is_named_with_its_origin(tmp_path, given, said):
    with pytest.raises(SettingsError, match=said):
        load(tmp_path, **given)


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings(data_dir='/x').port = 1


def test_the_environment_of_the_process_is_read_by_default(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, 'BATCHAI_SERVICE_PORT', '7')
    assert load_settings(tmp_path, {}).port == 7


def test_containers_are_run_as_the_settings_say(tmp_path):
    settings = load(tmp_path, {'container_runtime': 'docker'}, {'container_runtime': 'podman'},
                    container_options="--runtime runc --env 'A=b c'")
    assert (settings.container_runtime, settings.container_options) == ('podman', "--runtime runc --env 'A=b c'")
    assert (Settings(data_dir=tmp_path).container_runtime, Settings(data_dir=tmp_path).container_options) == ('', '')
