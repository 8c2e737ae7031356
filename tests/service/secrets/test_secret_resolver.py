import json
import logging
import os
import sys
import time

import pytest
from processes import is_alive
from vault_kit import NOT_LOGGED_IN, TRACEBACK, VAULT, reference, references, url, wait_until

from azext_batchai.service.secrets.references import SecretReference
from azext_batchai.service.secrets.resolver import SecretUnavailable, StillResolving


def refusal(resolving, owner, wanted):
    with pytest.raises(SecretUnavailable) as refused:
        resolving.result(owner, wanted)
    return refused.value


def write(path, content, mode=0o600):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)


def test_the_values_are_there_after_the_wake(az, make):
    az.value('a', '"one"')
    az.value('b/7', r'"tw\"o $x\nlines \u00e4"')
    resolving = make()
    wanted = {'FIRST': reference('a'), 'SECOND': reference('b/7'), 'AGAIN': reference('a')}
    with pytest.raises(StillResolving):
        resolving.resolve('job', wanted)
    expected = {'FIRST': 'one', 'SECOND': 'tw"o $x\nlines ä', 'AGAIN': 'one'}
    assert resolving.result('job', wanted) == expected == resolving.resolve('job', wanted)
    line = 'keyvault secret show --id https://v.vault.azure.net/secrets/{} --query value -o json --only-show-errors'
    assert sorted(az.calls) == [line.format('a'), line.format('b/7')]


def test_without_references_there_is_nothing_to_wait_for(make):
    resolving = make()
    assert resolving.resolve('job', {}) == {} and resolving.wakes == 0


def test_an_empty_value_is_a_value(az, make):
    az.value('a', '""')
    assert make().result('job', references('a')) == {'a': ''}


def test_a_caller_never_waits(az, make):
    for name in ('a', 'b'):
        az.value(name, '"x"', az.gate(name))
    resolving = make()
    began = time.monotonic()
    assert resolving.is_pending('one', references('a')) and resolving.is_pending('two', references('a', 'b'))
    assert time.monotonic() - began < 0.3
    az.pid('a'), az.pid('b')
    began = time.monotonic()
    assert resolving.is_pending('one', references('a'))
    resolving.forget('one')
    resolving.forget('two')
    assert time.monotonic() - began < 0.3 and resolving.wakes == 0


def test_ten_jobs_ask_for_the_same_secret_once(az, make):
    az.value('a', '"x"', az.gate('a'))
    resolving = make()
    assert all(resolving.is_pending(f'job {number}', references('a')) for number in range(10))
    az.open('a')
    assert [resolving.result(f'job {number}', references('a')) for number in range(10)] == [{'a': 'x'}] * 10
    assert len(az.calls) == 1


def test_a_later_job_gets_the_secret_as_it_is_then(az, make):
    az.value('a', '"old"')
    resolving = make()
    assert resolving.result('first', references('a')) == {'a': 'old'}
    az.value('a', '"new"')
    assert resolving.result('second', references('a')) == {'a': 'new'}
    assert resolving.resolve('first', references('a')) == {'a': 'old'}


def test_no_more_of_az_run_at_once_than_allowed(az, make):
    names = [f's{number}' for number in range(9)]
    for name in names:
        az.value(name, f'"of {name}"', az.gate(name))
    resolving = make(most_at_once=3)
    for name in names:
        assert resolving.is_pending(name, references(name))
    wait_until(lambda: len(az.calls) == 3, 'three are asked for')
    for _ in names:
        asked = [line.split()[4].rpartition('/')[2] for line in az.calls]
        waiting = next(name for name in asked if (az.folder / 'gates' / name).exists())
        az.open(waiting)
        (az.folder / 'gates' / waiting).unlink()
        assert resolving.result(waiting, references(waiting)) == {waiting: f'of {waiting}'}
        wait_until(lambda: len(az.calls) >= min(len(names), len(asked) + 1), 'the next one is asked for')
    assert az.deepest == 3 and len(az.calls) == 9


def test_a_forgotten_owner_stops_what_nobody_else_waits_for(az, make):
    az.value('shared', '"x"', az.gate('shared'))
    az.value('own', '"x"', f"sh -c 'echo $$ > {az.folder}/child; exec sleep 60' & {az.gate('own')}")
    resolving = make()
    assert resolving.is_pending('one', references('shared', 'own'))
    assert resolving.is_pending('two', references('shared'))
    own, shared, child = az.pid('own'), az.pid('shared'), az.folder / 'child'
    wait_until(lambda: child.exists() and child.read_text(), 'az has a child')
    resolving.forget('one')
    wait_until(lambda: not is_alive(own) and not is_alive(int(child.read_text())), 'az and its child are gone')
    assert is_alive(shared) and resolving.wakes == 0
    az.open('shared')
    assert resolving.result('two', references('shared')) == {'shared': 'x'}


def test_forgotten_values_have_to_be_fetched_again(az, make):
    az.value('a', '"old"')
    resolving = make()
    assert resolving.result('job', references('a')) == {'a': 'old'}
    resolving.forget('job')
    resolving.forget('job')
    az.value('a', '"new"')
    assert resolving.is_pending('job', references('a'))
    assert resolving.result('job', references('a')) == {'a': 'new'}


def test_one_that_waits_its_turn_and_is_forgotten_is_never_asked_for(az, make):
    az.value('first', '"x"', az.gate('first'))
    az.value('second', '"y"')
    az.value('third', '"z"')
    resolving = make(most_at_once=1)
    assert resolving.is_pending('one', references('first'))
    az.pid('first')
    assert resolving.is_pending('two', references('second')) and resolving.is_pending('three', references('third'))
    resolving.forget('two')
    az.open('first')
    assert resolving.result('three', references('third')) == {'third': 'z'}
    assert [line.split()[4] for line in az.calls] == [url('first'), url('third')]


def test_a_secret_that_is_missing_is_named_with_what_az_says(az, make):
    az.value('there', '"x"')
    resolving = make()
    said = str(refusal(resolving, 'job', references('there', 'missing')))
    assert said == (f"The secret {url('missing')} could not be read: it is not in {resolving.file}, and az says: "
                    '(SecretNotFound) A secret with (name/id) missing was not found in this key vault. If you recently '
                    'deleted this secret ...')
    az.value('missing', '"found"')
    assert str(refusal(resolving, 'job', references('there', 'missing'))) == said
    resolving.forget('job')
    assert resolving.result('job', references('there', 'missing')) == {'there': 'x', 'missing': 'found'}


@pytest.mark.parametrize('written, said', [
    (NOT_LOGGED_IN, "az says: Please run 'az login' to setup account."),
    (TRACEBACK, "az says: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded"),
    ('\x1b[91mERROR: no \x07bell\x1b[0m\nmore', 'az says: no  bell'), ('not marked\n', 'az says: not marked'),
    ('', 'az says: nothing; it ended with status 9'), ('ERROR: ' + 'x' * 1000, f"az says: {'x' * 400}..."),
    ('ERROR: refused the-header-of-mine', 'az says: refused ***')])
def test_the_reason_is_the_line_that_az_marks_as_an_error(az, make, written, said):
    az.environment['IDENTITY_HEADER'] = 'the-header-of-mine'
    az.fail('a', written, 9)
    resolving = make()
    assert refusal(resolving, 'job', references('a')).reason == f'it is not in {resolving.file}, and {said}'


@pytest.mark.parametrize('answer', ['', 'null', '{"value": "shh"}', '12', '"half'])
def test_an_answer_that_is_no_value_is_refused_and_not_repeated(az, make, answer):
    az.value('a', answer)
    assert refusal(make(), 'job', references('a')).reason.endswith(
        'and az answered with something that is not the value of a secret')


@pytest.mark.parametrize('answer', [r'"a\u0000b"', r'"\ud800"'])
def test_a_value_that_no_variable_can_hold_is_refused(az, make, answer):
    az.value('a', answer)
    assert 'no environment variable can hold' in refusal(make(), 'job', references('a')).reason


@pytest.mark.parametrize('where', ['', '>&2'])
def test_an_az_that_writes_without_end_is_stopped(az, make, where):
    az.answer('a', f'yes {where}')
    assert 'wrote more than 256 KiB' in refusal(make(), 'job', references('a')).reason
    assert not is_alive(az.pid('a'))


@pytest.mark.parametrize('script', ['', 'exec > /dev/null 2>&1;'], ids=['silent', 'with its pipes closed'])
def test_an_az_that_hangs_is_killed_with_what_it_started(az, make, script):
    az.answer('a', f"{script} sh -c 'echo $$ > {az.folder}/child; exec sleep 60'")
    child = az.folder / 'child'
    assert refusal(make(timeout_seconds=0.5), 'job', references('a')).reason.endswith(
        'az did not answer within 0.5 seconds')
    assert not is_alive(az.pid('a'))
    wait_until(lambda: not is_alive(int(child.read_text())), 'its child is gone')


def test_what_az_leaves_behind_is_not_waited_for(az, make):
    az.value('a', '"x"', f"({az.gate('a')}) & true")
    assert make(timeout_seconds=5).result('job', references('a')) == {'a': 'x'}
    az.open('a')


def test_without_az_the_reason_says_both_ways(az, make, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, 'executable', str(tmp_path / 'python'))
    az.environment['PATH'] = str(tmp_path)
    resolving = make()
    assert refusal(resolving, 'job', references('a')).reason == (
        f'it is not in {resolving.file}, and there is no az on the PATH of the service that could ask the key vault; '
        'install az and log in, or put the value into that file')


def test_the_az_beside_the_interpreter_will_do(az, make, monkeypatch):
    monkeypatch.setattr(sys, 'executable', str(az.program.with_name('python')))
    az.environment['PATH'] = '/usr/bin:/bin'
    az.value('a', '"x"')
    assert make().result('job', references('a')) == {'a': 'x'}


def test_an_az_that_cannot_be_started_is_a_reason(az, make):
    az.program.write_text('#!/nowhere/sh\n')
    assert refusal(make(), 'job', references('a')).reason.endswith(
        f'{az.program} could not be started: No such file or directory')


def test_a_host_that_is_no_key_vault_never_sees_the_token_of_az(az, make):
    stranger = {'a': SecretReference('https://v.vault.azure.net.example.org/secrets/a', VAULT)}
    az.value('a', '"x"')
    resolving = make()
    assert 'vault.azure.net.example.org is not the key vaults' in refusal(resolving, 'job', stranger).reason
    assert az.calls == []
    write(resolving.file, {'https://v.vault.azure.net.example.org/secrets/a': 'from the file'})
    assert resolving.result('other', stranger) == {'a': 'from the file'}


def test_the_key_vaults_of_a_registered_cloud_are_asked(az, make):
    folder = az.folder / 'azure'
    folder.mkdir()
    (folder / 'clouds.config').write_text('[Ours]\nsuffix_keyvault_dns = .vault.ours.example.org\n')
    az.value('a', '"x"')
    assert make().result('job', {'a': SecretReference('https://v.vault.ours.example.org/secrets/a', VAULT)}) == {
        'a': 'x'}


def test_the_file_comes_first(az, make):
    az.value('a', '"from az"')
    az.value('b', '"from az"')
    resolving = make()
    write(resolving.file, {url('a'): 'from the file'})
    assert resolving.result('job', references('a', 'b')) == {'a': 'from the file', 'b': 'from az'}
    assert [line.split()[4] for line in az.calls] == [url('b')]


def test_a_file_that_cannot_be_used_is_a_failure_although_az_might_know(az, make):
    az.value('a', '"x"')
    resolving = make()
    write(resolving.file, {url('b'): 'hush'}, 0o644)
    assert refusal(resolving, 'job', references('a')).reason == (
        f'the secrets file {resolving.file} can be used by others than its owner; run: chmod 600 {resolving.file}')
    assert az.calls == []


def test_a_file_that_is_mended_is_read_again(make):
    resolving = make()
    write(resolving.file, 'hush')
    assert 'hush' not in str(refusal(resolving, 'job', references('a')))
    write(resolving.file, {url('a'): 'x'})
    resolving.forget('job')
    assert resolving.result('job', references('a')) == {'a': 'x'}


def test_after_a_restart_everything_is_fetched_anew_and_nothing_was_kept(az, make):
    az.value('a', '"shh-do-not-tell"')
    first = make()
    assert first.result('job', references('a')) == {'a': 'shh-do-not-tell'}
    first.close()
    second = make()
    assert second.is_pending('job', references('a'))
    assert second.result('job', references('a')) == {'a': 'shh-do-not-tell'}
    kept = [path for path in az.folder.rglob('*') if path.is_file() and b'shh-do-not-tell' in path.read_bytes()]
    assert kept == [az.folder / 'answers' / 'a'] and len(az.calls) == 2


def test_a_closed_resolver_ends_its_az_and_wakes_nobody(az, make):
    az.value('a', '"x"', az.gate('a'))
    resolving = make()
    assert resolving.is_pending('job', references('a'))
    pid = az.pid('a')
    resolving.close()
    wait_until(lambda: not is_alive(pid), 'az is gone')
    assert resolving.is_pending('job', references('a')) and resolving.wakes == 0 and len(az.calls) == 1


def test_the_log_of_the_service_shows_nothing(az, make, caplog):
    caplog.set_level(logging.DEBUG)
    az.value('a', '"shh-do-not-tell"')
    az.fail('b', 'ERROR: no')
    resolving = make()
    resolving.result('one', references('a'))
    refusal(resolving, 'two', references('b'))
    assert 'shh-do-not-tell' not in caplog.text


def test_az_has_the_users_login_and_keeps_no_log(az, make):
    az.answer('a', f'env > {az.folder}/env; printf \'"x"\'')
    az.environment.update({'PYTHONPATH': '/of/the/daemon', 'PYTHONSAFEPATH': '1',
                           'AZURE_LOGGING_ENABLE_LOG_FILE': 'yes'})
    make().result('job', references('a'))
    seen = dict(line.partition('=')[::2] for line in (az.folder / 'env').read_text().splitlines())
    assert seen['AZURE_CONFIG_DIR'] == str(az.folder / 'azure') and seen['HOME'] == os.environ['HOME']
    assert not {'PYTHONPATH', 'PYTHONSAFEPATH'} & seen.keys() and seen['AZURE_LOGGING_ENABLE_LOG_FILE'] == 'no'
