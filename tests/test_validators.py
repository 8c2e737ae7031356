import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import ArgumentUsageError, InvalidArgumentValueError, RequiredArgumentMissingError

from knack.validators import DefaultStr

from azext_batchai import _validators as check


def line(typed: str = '', command: str = 'batchai cluster show', **values: Any) -> Namespace:
    """The namespace az hands to validators of a line with the options `typed`."""
    cli_ctx = SimpleNamespace(data={'command': command, 'safe_params': typed.split()})
    return Namespace(_cmd=SimpleNamespace(cli_ctx=cli_ctx), **values)


def test_empty_group_means_all_groups_in_lists_only():
    namespace = line(resource_group='')
    check.group_validator(required=False)(namespace)
    assert namespace.resource_group is None
    with pytest.raises(RequiredArgumentMissingError, match='--resource-group/-g'):
        check.group_validator(required=True)(line(resource_group=''))


@pytest.mark.parametrize('group', ['a.', '..', 'a/b', 'x' * 91])
def test_group_against_the_rules_is_refused(group):
    with pytest.raises(InvalidArgumentValueError, match='not a valid resource group'):
        check.group_validator(required=False)(line(resource_group=group))


@pytest.mark.parametrize('name', ['', 'a.b', 'a b', 'x' * 65, 'ä', '../x'])
def test_name_against_the_rules_is_refused(name):
    with pytest.raises(InvalidArgumentValueError, match='--name/-n'):
        check.name_validator('cluster_name', '--name/-n')(Namespace(cluster_name=name))


@pytest.mark.parametrize('name', [None, 'a', 'My_Cluster-1', 'x' * 64])
def test_good_or_absent_name_passes(name):
    check.name_validator('cluster_name', '--name/-n')(Namespace(cluster_name=name))


@pytest.mark.parametrize('c, config_file, cluster, expected', [
    ('job.json', None, None, ('job.json', None)),
    ('job.json', None, 'r', ('job.json', 'r')),
    ('MyCluster', 'job.json', None, ('job.json', 'MyCluster')),
    (None, 'job.json', 'r', ('job.json', 'r')),
], ids=['2017', '2017 with -r', '2018-05', 'no -c'])
def test_c_is_the_file_or_beside_a_file_the_cluster(c, config_file, cluster, expected):
    namespace = Namespace(cluster_or_config=c, config_file=config_file, cluster=cluster)
    check.sort_out_c(namespace)
    assert (namespace.config_file, namespace.cluster) == expected


@pytest.mark.parametrize('c, config_file, said', [
    ('', None, '-c must not be empty'), ('', 'job.json', '-c must not be empty'),
    ('c', '', '--config-file/-f must not be empty'), ('{"secret": 1}', None, 'without @'),
    ('{"secret": 1}', 'job.json', 'without @')])
def test_c_that_is_empty_or_content_is_refused_and_not_quoted(c, config_file, said):
    with pytest.raises(InvalidArgumentValueError, match=said) as caught:
        check.sort_out_c(Namespace(cluster_or_config=c, config_file=config_file, cluster=None))
    assert 'secret' not in str(caught.value)


def test_empty_value_is_not_the_same_as_none():
    check.filled('nfs', '--nfs')(Namespace(nfs=None))
    check.filled('nfs', '--nfs')(Namespace(nfs='n'))
    with pytest.raises(InvalidArgumentValueError, match='--nfs must not be empty'):
        check.filled('nfs', '--nfs')(Namespace(nfs=''))


@pytest.mark.parametrize('name, passes', [
    ('mystorage', True), ('MyStorage-1', True), (None, True), ('', False), ('https://x', False), ('a b', False),
    ('ä', False)])
def test_storage_account_is_a_part_of_an_address(name, passes):
    namespace = Namespace(storage_account_name=name)
    if passes:
        check.account_name(namespace)
    else:
        with pytest.raises(InvalidArgumentValueError, match='--storage-account-name'):
            check.account_name(namespace)


def test_group_of_a_file_server_needs_a_file_server():
    check.nfs_group(Namespace(nfs_resource_group='g', nfs='n'))
    check.nfs_group(Namespace(nfs_resource_group=None, nfs=None))
    with pytest.raises(ArgumentUsageError, match='--nfs-resource-group g needs --nfs as well'):
        check.nfs_group(Namespace(nfs_resource_group='g', nfs=None))
    with pytest.raises(InvalidArgumentValueError, match='--nfs-resource-group must not be empty'):
        check.nfs_group(Namespace(nfs_resource_group='', nfs='n'))


def test_group_of_a_cluster_follows_the_rules():
    for group in ('', 'a/b'):
        with pytest.raises(InvalidArgumentValueError, match='--cluster-resource-group'):
            check.other_group_validator('cluster_resource_group', '--cluster-resource-group')(
                Namespace(cluster_resource_group=group))


@pytest.mark.parametrize('dry_run', [True, False])
def test_dry_run_prints_though_nobody_waits(dry_run):
    namespace = Namespace(dry_run=dry_run, no_wait=True)
    check.show_dry_run(namespace)
    assert namespace.no_wait is not dry_run


def test_number_that_is_too_large_is_told_the_limit():
    with pytest.raises(ArgumentTypeError, match='from 0 to 2147483647'):
        check.count('3000000000')


def test_c_too_many_and_no_file_at_all_are_refused():
    with pytest.raises(ArgumentUsageError, match='-c is one too many'):
        check.sort_out_c(Namespace(cluster_or_config='x', config_file='f', cluster='r'))
    with pytest.raises(RequiredArgumentMissingError, match='--config-file/-f'):
        check.sort_out_c(Namespace(cluster_or_config=None, config_file=None, cluster='r'))


@pytest.mark.parametrize('parse, text, number', [
    (check.count, '0', 0), (check.positive, '1', 1), (check.expiry_minutes, '600', 600)])
def test_numbers_in_range_pass(parse, text, number):
    assert parse(text) == number


@pytest.mark.parametrize('parse, text', [
    (check.count, '-1'), (check.count, '1.5'), (check.count, ''), (check.positive, '0'),
    (check.count, '99999999999'), (check.expiry_minutes, '4'), (check.expiry_minutes, '601')])
def test_numbers_out_of_range_are_refused(parse, text):
    with pytest.raises(ArgumentTypeError, match='whole number'):
        parse(text)


def test_location_is_normalized_and_a_default_stays_one():
    assert check.location('East US') == 'eastus'
    assert not getattr(check.location('East US'), 'is_default', False)
    assert check.location(DefaultStr('East US')).is_default


def resource_id(path: str) -> str:
    return f'/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.BatchAI/{path}'


@pytest.mark.parametrize('path', ['workspaces/w/clusters/c', 'WORKSPACES/w/CLUSTERS/c', 'workspaces/~/clusters/c'])
def test_id_of_the_right_type_passes(path):
    check.group_validator(True, 'clusters')(line(resource_group='g', _ids=[resource_id(path)]))


@pytest.mark.parametrize('path', ['workspaces/w', 'workspaces/w/fileServers/c',
                                  'workspaces/w/experiments/e/jobs/j', 'x'])
def test_id_of_another_type_is_refused(path):
    with pytest.raises(InvalidArgumentValueError, match=f"--ids '{resource_id(path)}' should be the id of one of the "
                                                        'clusters'):
        check.group_validator(True, 'clusters')(line(resource_group='g', _ids=[resource_id(path)]))


def test_parent_that_a_flat_id_does_not_name_is_searched_for():
    namespace = Namespace(workspace='~')
    check.name_validator('workspace', '--workspace/-w')(namespace)
    assert namespace.workspace is None


def test_a_dot_is_in_names_that_are_there_and_in_no_new_one():
    namespace = Namespace(job_name='night.run')
    check.known_name_validator('job_name', '--name/-n')(namespace)
    with pytest.raises(InvalidArgumentValueError, match="--name/-n 'night.run' is not a valid name"):
        check.name_validator('job_name', '--name/-n')(namespace)
    with pytest.raises(InvalidArgumentValueError, match="--name/-n '..' is not a valid name: .* not dots alone"):
        check.known_name_validator('job_name', '--name/-n')(Namespace(job_name='..'))


@pytest.mark.parametrize('e, workspace, experiment, expiry', [
    ('60', None, None, 60), ('60', 'w', '60', 15), ('MyExperiment', None, 'MyExperiment', 15), (None, 'w', None, 15)],
    ids=['2018-03', '2018-05', 'a name', 'none'])
def test_e_of_list_files_is_the_experiment_or_the_expiry(e, workspace, experiment, expiry):
    namespace = Namespace(experiment_or_expiry=e, workspace=workspace, experiment=None, expiry=15)
    check.sort_out_e(namespace)
    assert vars(namespace) == {'workspace': workspace, 'experiment': experiment, 'expiry': expiry}


@pytest.mark.parametrize('e, experiment, said', [
    ('4', None, "-e '4' should be a whole number from 5 to 600"), ('x', 'y', '-e is one too many'),
    ('a b', None, "--experiment/-e 'a b' is not a valid name")])
def test_e_of_list_files_that_is_wrong_is_refused(e, experiment, said):
    with pytest.raises((InvalidArgumentValueError, ArgumentUsageError), match=said):
        check.sort_out_e(Namespace(experiment_or_expiry=e, workspace=None, experiment=experiment, expiry=60))


@pytest.mark.parametrize('path', ['..', 'a/../../b', 'a\\..\\b'])
def test_path_that_leaves_the_directory_is_refused(path):
    with pytest.raises(InvalidArgumentValueError, match='leaves the output directory'):
        check.path_validator(Namespace(path=path))


@pytest.mark.parametrize('path', [None, '.', 'a/b', 'a..b/c'])
def test_path_below_the_directory_passes(path):
    check.path_validator(Namespace(path=path))


def test_two_names_of_a_workspace_are_no_choice_of_the_last():
    parser = ArgumentParser()
    parser.add_argument('-w', '-n', dest='workspace', action=check.NameOnce)
    assert parser.parse_args(['-w', 'a', '-n', 'a']).workspace == 'a'
    with pytest.raises(ArgumentUsageError, match='az batchai experiment show -w a -n b'):
        parser.parse_args(['-w', 'a', '-n', 'b'])


def test_option_without_a_meaning_is_refused_with_advice():
    namespace = Namespace(stray=None, resource_group='g')
    check.refuse('stray', 'does nothing with {value} of {group}')(namespace)
    assert not hasattr(namespace, 'stray')
    with pytest.raises(ArgumentUsageError, match='This command does nothing with w of g'):
        check.refuse('stray', 'does nothing with {value} of {group}')(Namespace(stray='w', resource_group='g'))


@pytest.mark.parametrize('text', ['0', '-1', 'x', '', 'nan', 'inf'])
def test_time_to_wait_that_is_none_is_refused(text):
    with pytest.raises(ArgumentTypeError, match='number of seconds'):
        check.seconds(text)


@pytest.mark.parametrize('ids, expected', [(None, None), (['a'], None), (['a', 'b'], 'true')])
def test_what_somebody_watches_runs_for_one_id_after_the_other(monkeypatch, ids, expected):
    monkeypatch.delenv('AZURE_CORE_DISABLE_CONCURRENT_IDS', raising=False)
    check.in_turn(Namespace(_ids=ids))
    assert os.environ.get('AZURE_CORE_DISABLE_CONCURRENT_IDS') == expected
    monkeypatch.delenv('AZURE_CORE_DISABLE_CONCURRENT_IDS', raising=False)
