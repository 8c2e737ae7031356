"""The file slurm.json and the tags of clusters."""
import json

import pytest

from azext_batchai.service.engines.base import ClusterWish
from azext_batchai.service.engines.slurm.option_words import WordError, split_option
from azext_batchai.service.engines.slurm.options import OptionsError, OptionsFile, SlurmOptions, parse_options


def layer(content, name='nc6', vm_size='STANDARD_NC6', low_priority=False, **tags):
    return parse_options(json.dumps(content)).for_cluster(
        ClusterWish(name, vm_size, low_priority, {f'batchai.slurm.{key}': value for key, value in tags.items()}))


def test_an_empty_file_and_none_say_nothing(tmp_path):
    assert parse_options('{}') == SlurmOptions() == OptionsFile(tmp_path / 'slurm.json').read()
    assert SlurmOptions().most_submitted == 2000


def test_every_key_is_taken():
    content = {
        'partition': 'batch', 'account': 'x', 'qos': 'y', 'constraint': 'a|b', 'gres': 'gpu:1', 'cores': 4,
        'options': ['--reservation=r', '--contiguous', '--mail-type=END'], 'sizes': {'Standard_NC6': {'gres': 'gpu:1'}},
        'clusters': {'nc6*': {'qos': 'z'}}, 'lowPriority': {'qos': 'scavenger'},
        'nice': {'low': 5, 'normal': 3, 'high': -1}, 'mostSubmitted': 100}
    options = parse_options(json.dumps(content))
    assert options.everywhere.options == {'reservation': 'r', 'contiguous': None, 'mail-type': 'END'}
    assert options.most_submitted == 100
    assert [options.nice(priority, True) for priority in (-1000, 0, 1000)] == [5, 3, -1]


def test_each_layer_goes_on_top_of_the_one_before():
    content = {
        'partition': 'p0', 'account': 'a0', 'qos': 'q0', 'constraint': 'c0', 'gres': 'gpu:1', 'cores': 1,
        'sizes': {'standard_nc*': {'account': 'a1', 'qos': 'q1', 'constraint': 'c1', 'gres': 'gpu:2', 'cores': 2}},
        'lowPriority': {'qos': 'q2', 'constraint': 'c2', 'gres': 'gpu:3'},
        'clusters': {'NC*': {'constraint': 'c3', 'gres': 'gpu:4'}, 'nc6': {'gres': 'gpu:5'}}}
    found = layer(content, low_priority=True, gres='gpu:6')
    assert (found.partition, found.account, found.qos, found.constraint, found.gres, found.cores) == (
        'p0', 'a1', 'q2', 'c3', 'gpu:6', 2)
    assert layer(content, low_priority=True).gres == 'gpu:5'
    assert layer(content).qos == 'q1'
    other = layer(content, name='other', vm_size='STANDARD_D2')
    assert (other.account, other.gres, other.cores) == ('a0', 'gpu:1', 1)


def test_options_are_replaced_one_by_one():
    found = layer({'options': ['--reservation=a', '--mem=1G']}, options='--reservation=b')
    assert found.options == {'reservation': 'b', 'mem': '1G'}


def test_an_option_that_has_a_key_is_as_the_key():
    assert layer({'options': ['--account=x', '--mem=1G']}).account == 'x'
    assert layer({'account': 'x'}, options='--account=y').account == 'y'
    with pytest.raises(OptionsError, match='"options" has "--account", and "account" is there too'):
        parse_options('{"account": "x", "options": ["--account=y"]}')


def test_the_words_of_the_options_tag_are_those_of_a_shell():
    assert layer({}, options="--licenses='a b' --mem=1G").options == {'licenses': 'a b', 'mem': '1G'}


def test_tags_of_others_are_nothing_to_us():
    wish = ClusterWish('c', options={'owner': '--wrap=x', 'Batchai.Slurm.QOS': 'q'})
    assert SlurmOptions().for_cluster(wish).qos == 'q'


@pytest.mark.parametrize('tags, said', [
    ({'batchai.slurm.nodes': '4'}, 'the tag batchai.slurm.nodes is not known; these tags are: batchai.slurm.partition'),
    ({'batchai.slurm.options': "--mem='1"}, 'cannot be read as words of a shell'),
    ({'batchai.slurm.options': '--uid=0'}, '"options[0]": "--uid" cannot be added'),
    ({'batchai.slurm.partition': '--wrap=x'}, 'partition begins with a dash'),
    ({'batchai.slurm.partition': 'a,b'}, 'names several'),
    ({'batchai.slurm.account': ''}, 'account is empty; leave it out'),
    ({'batchai.slurm.qos': 'a\nb'}, 'line end'),
    ({'batchai.slurm.constraint': 'a&'}, 'goes wrong at its end')])
def test_tags_that_cannot_be_used_are_told(tags, said):
    with pytest.raises(OptionsError) as caught:
        SlurmOptions().for_cluster(ClusterWish('c', options=tags))
    assert said in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('content, said', [
    ('', 'it is no JSON'),
    ('{"a": 1', 'it is no JSON'),
    ('[' * 100_000, 'nested too deeply'),
    ('[]', 'the whole is []; write an object'),
    ('{"partitions": 1}', '"partitions" is not known; these keys are: account, clusters'),
    ('{"account": "a", "account": "b"}', '"account" is there twice'),
    ('{"partition": 1}', '"partition" is 1; write a text'),
    ('{"partition": null}', '"partition" is null; write a text'),
    ('{"partition": ""}', '"partition": partition is empty; leave it out'),
    ('{"qos": "-x"}', 'begins with a dash'),
    ('{"qos": "x y"}', 'has a space in it'),
    ('{"account": "\\u00e4"}', 'another letter'),
    ('{"gres": "%s"}' % ('x' * 300), 'longer than 256'),
    ('{"sizes": []}', '"sizes" is []; write an object such as'),
    ('{"sizes": {"Standard_NC6": 1}}', '"sizes.Standard_NC6" is 1; write an object'),
    ('{"sizes": {"Standard_NC6": {"gpu": 1}}}', '"sizes.Standard_NC6.gpu" is not known'),
    ('{"sizes": {"Standard_NC6": {"cores": "6"}}}', '"sizes.Standard_NC6.cores" is "6"; write a whole number from 1'),
    ('{"clusters": {"a.b": {"constraint": "a b"}}}', '"clusters.a.b.constraint": constraint has a space'),
    ('{"clusters": {"a": {"constraint": "a|"}}}', '"clusters.a.constraint": the constraint'),
    ('{"cores": true}', '"cores" is true'),
    ('{"cores": 0}', '"cores" is 0'),
    ('{"options": "--mem=1"}', '"options" is not a list of texts'),
    ('{"options": [1]}', '"options" is not a list of texts'),
    ('{"options": ["--mem=1", "--mem=2"]}', '"options[1]": "--mem" is there twice'),
    ('{"options": ["--constraint=a|"]}', '"options[0]": the constraint'),
    ('{"lowPriority": {"options": ["--wrap=x"]}}', '"lowPriority.options[0]": "--wrap" cannot be added'),
    ('{"nice": {"urgent": 1}}', '"nice.urgent" is not known; these keys are: high, low, normal'),
    ('{"nice": {"low": 1.5}}', '"nice.low" is 1.5; write a whole number'),
    ('{"nice": {"low": 99999999999}}', 'write a whole number'),
    ('{"mostSubmitted": 0}', '"mostSubmitted" is 0; write a whole number from 1 up')])
def test_a_file_that_cannot_be_used_is_told_with_the_place(content, said):
    with pytest.raises(OptionsError) as caught:
        parse_options(content)
    assert said in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('name', [
    'wrap', 'uid', 'gid', 'output', 'error', 'input', 'export', 'export-file', 'chdir', 'array', 'dependency', 'nodes',
    'nodelist', 'nodefile', 'exclude', 'ntasks', 'ntasks-per-node', 'job-name', 'comment', 'time', 'exclusive',
    'oversubscribe', 'requeue', 'no-requeue', 'hold', 'wait', 'test-only', 'clusters', 'nice', 'priority', 'open-mode',
    'get-user-env', 'propagate', 'container', 'bbf', 'bb', 'ignore-pbs', 'parsable', 'quiet', 'verbose', 'immediate',
    'kill-on-invalid-dep', 'signal', 'overcommit', 'reboot', 'no-kill'])
def test_what_runs_or_moves_or_names_jobs_cannot_be_added(name):
    for word in (f'--{name}', f'--{name}=x'):
        with pytest.raises(WordError, match=f'"--{name}" cannot be added'):
            split_option(word)


@pytest.mark.parametrize('word', ['-p', '-pbatch', 'reservation=x', '--', '--=x', '--Mem=1', '--mem 1', ''])
def test_only_long_options_in_one_word_are_taken(word):
    with pytest.raises(WordError, match='write it as "--name=value"'):
        split_option(word)


@pytest.mark.parametrize('word, said', [
    ('--mem', 'needs a value; write "--mem=value"'), ('--mem=', 'is empty'), ('--contiguous=1', 'takes no value'),
    ('--mem=-1', 'begins with a dash'), ('--mail-user=a\nb', 'line end'), ('--licenses=a\x00', 'line end')])
def test_values_are_checked(word, said):
    with pytest.raises(WordError, match=said):
        split_option(word)


def test_ordinary_users_push_their_own_jobs_back_and_operators_put_them_in_front():
    assert [SlurmOptions().nice(priority, False) for priority in (-1000, 0, 1000)] == [100_000, 1_000, 0]
    assert [SlurmOptions().nice(priority, True) for priority in (-1, 0, 1)] == [1_000_000, 0, -50_000]


def test_a_changed_file_is_read_again_and_while_it_is_wrong_the_last_good_one_holds(tmp_path):
    file = OptionsFile(tmp_path / 'slurm.json')
    assert file.read().everywhere.qos is None
    file.path.write_text('{"qos": "a"}')
    assert file.read().everywhere.qos == 'a'
    file.path.write_text('{"qos": "a",')
    for _ in range(2):
        with pytest.raises(OptionsError, match=f'{file.path} cannot be used: it is no JSON'):
            file.read()
        assert file.last().everywhere.qos == 'a'
    file.path.write_text('{"qos": "bcd"}')
    assert file.read().everywhere.qos == 'bcd'
    file.path.unlink()
    assert file.read() == SlurmOptions()


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / 'slurm.json').mkdir()
    with pytest.raises(OptionsError, match='cannot be read: Is a directory'):
        OptionsFile(tmp_path / 'slurm.json').read()


def test_a_file_in_another_encoding_is_told(tmp_path):
    (tmp_path / 'slurm.json').write_bytes(b'{"qos": "\xff"}')
    with pytest.raises(OptionsError, match='cannot be used'):
        OptionsFile(tmp_path / 'slurm.json').read()


def test_the_engine_reads_the_file_that_the_settings_name_in_the_data_folder(tmp_path):
    from azext_batchai.service.engines.base import ClusterWish
    from azext_batchai.service.engines.slurm.engine import SlurmEngine
    from azext_batchai.service.settings import Settings
    (tmp_path / 'site.json').write_text('{"partitoin": "batch"}')
    engine = SlurmEngine(Settings(data_dir=tmp_path, slurm_file='site.json'))
    try:
        assert 'partitoin' in engine.check_cluster(ClusterWish('c', 'STANDARD_D1'))
    finally:
        engine.close()
