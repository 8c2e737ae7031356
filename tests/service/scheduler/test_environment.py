from pathlib import Path

import pytest

from azext_batchai.service.scheduler.environment import (
    JobPlace, NodePlace, directory_variables, expand, expand_known, expand_service_names, host_file, inherited,
    job_variables, node_variables, output_folders, user_variables)

NODE = NodePlace(Path('/n'), '10.0.0.4', (), 2)
PLACE = JobPlace(Path('/n/jobs/w/e/j'))


@pytest.mark.parametrize('text, expanded', [
    ('plain', 'plain'),
    ('$A/x', '1/x'),
    ('${A}x', '1x'),
    ('$A$B', '12'),
    ('$AB', ''),
    ('a$MISSING-b', 'a-b'),
    ('$', '$'),
    ('$1', '$1'),
    ('${A', '${A'),
    ('$(A)', '$(A)'),
    ('100%', '100%'),
])
def test_references_are_replaced_and_unknown_ones_vanish(text, expanded):
    assert expand(text, {'A': '1', 'B': '2'}) == expanded


def test_what_a_reference_stands_for_is_not_expanded_again():
    assert expand('$A', {'A': '$B', 'B': 'x'}) == '$B'


@pytest.mark.parametrize('text, expanded', [
    ('$AZ_BATCHAI_JOB_TEMP/x', '/t/x'),
    ('${AZ_BATCHAI_JOB_TEMP}', '/t'),
    ('$AZ_BATCH_HOST_LIST', 'h'),
    ('$AZ_BATCHAI_MISSING', ''),
    ('pa$$word', 'pa$$word'),
    ('$HOME', '$HOME'),
])
def test_values_of_user_variables_expand_the_services_names_only(text, expanded):
    known = {'AZ_BATCHAI_JOB_TEMP': '/t', 'AZ_BATCH_HOST_LIST': 'h', 'HOME': '/root', 'word': 'no'}
    assert expand_service_names(text, known) == expanded


def test_a_job_inherits_only_what_is_on_the_list():
    given = {'PATH': '/bin', 'HOME': '/h', 'LC_ALL': 'C', 'LD_LIBRARY_PATH': '/l', 'https_proxy': 'p',
             'LD_PRELOAD': 'evil.so', 'PYTHONPATH': '/x', 'AZURE_BATCHAI_STORAGE_KEY': 'k', 'IDENTITY_HEADER': 's',
             'BATCHAI_SERVICE_PORT': '1', 'AWS_SECRET_ACCESS_KEY': 's'}
    assert inherited(given) == {'PATH': '/bin', 'HOME': '/h', 'LC_ALL': 'C', 'LD_LIBRARY_PATH': '/l',
                                'https_proxy': 'p'}


def test_there_is_always_a_path():
    assert inherited({}) == {'PATH': '/usr/local/bin:/usr/bin:/bin'}


@pytest.mark.parametrize('gpus, machine_has_gpus, count, visible', [
    ((), False, '0', None), ((0, 2), True, '2', '0,2'), ((), True, '0', ''),
])
def test_gpus_are_those_of_the_node(gpus, machine_has_gpus, count, visible):
    variables = node_variables(NodePlace(Path('/n'), 'a', gpus, 4, machine_has_gpus))
    assert variables['AZ_BATCHAI_NUM_GPUS'] == count
    assert variables.get('CUDA_VISIBLE_DEVICES') == visible
    assert variables['OMP_NUM_THREADS'] == '4'
    assert variables['AZ_BATCHAI_MOUNT_ROOT'] == '/n/mounts'


def test_a_job_sees_the_published_variables():
    assert job_variables(NODE, PLACE, ['10.0.0.4', '10.0.0.5']) == {
        'AZ_BATCHAI_MOUNT_ROOT': '/n/mounts', 'AZ_BATCHAI_NUM_GPUS': '0', 'OMP_NUM_THREADS': '2',
        'AZ_BATCHAI_JOB_MOUNT_ROOT': '/n/jobs/w/e/j/mounts', 'AZ_BATCHAI_JOB_TEMP': '/n/jobs/w/e/j',
        'AZ_BATCHAI_JOB_TEMP_DIR': '/n/jobs/w/e/j', 'AZ_BATCHAI_SHARED_JOB_TEMP': '/n/jobs/w/e/j/shared',
        'AZ_BATCHAI_MPI_HOST_FILE': '/n/jobs/w/e/j/hostfile', 'AZ_BATCH_HOST_LIST': '10.0.0.4,10.0.0.5'}


PROPERTIES = {
    'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs',
    'inputDirectories': [{'id': 'DATA', 'path': '$AZ_BATCHAI_MOUNT_ROOT/data'}],
    'outputDirectories': [{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs', 'pathSuffix': 'model/$RUN'},
                          {'id': 'ALL', 'pathPrefix': '/x'}],
}
VARIABLES = {'AZ_BATCHAI_MOUNT_ROOT': '/m', 'RUN': '7'}
FOLDERS = {'stdouterr': Path('/m/afs/seg/stdouterr'), 'MODEL': Path('/m/afs/seg/outputs/model/7'),
           'ALL': Path('/x/seg/outputs')}


def test_output_folders_lie_below_prefix_and_segment():
    assert output_folders(PROPERTIES, 'seg', VARIABLES) == FOLDERS


@pytest.mark.parametrize('prefix, said', [
    ('$AZ_BATCHAI_MOUT_ROOT/work', 'no such variable'), ('${GONE}/work', r'begins with \$GONE'),
    ('work', 'not an absolute path'), ('$RUN/work', 'not an absolute path')])
def test_output_goes_nowhere_by_a_slip_of_the_hand(prefix, said):
    with pytest.raises(ValueError, match=said):
        output_folders({'stdOutErrPathPrefix': prefix}, 'seg', VARIABLES)


def test_directories_become_variables():
    assert directory_variables(PROPERTIES, FOLDERS, VARIABLES) == {
        'AZ_BATCHAI_STDOUTERR_DIR': '/m/afs/seg/stdouterr', 'AZ_BATCHAI_INPUT_DATA': '/m/data',
        'AZ_BATCHAI_OUTPUT_MODEL': '/m/afs/seg/outputs/model/7', 'AZ_BATCHAI_OUTPUT_ALL': '/x/seg/outputs'}


def test_secrets_are_taken_as_they_are_and_ones_without_a_value_are_left_out():
    block = {'environmentVariables': [{'name': 'A', 'value': '$AZ_BATCHAI_X and $HOME'}],
             'secrets': [{'name': 'S'}, {'name': 'GONE'}]}
    assert user_variables(block, {'S': 'p$AZ_BATCHAI_X', 'OTHER': 'o'}, {'AZ_BATCHAI_X': 'x'}) == {
        'A': 'x and $HOME', 'S': 'p$AZ_BATCHAI_X'}


def test_a_host_file_has_a_line_a_node():
    assert host_file([('10.0.0.4', 2), ('10.0.0.5', 1)]) == (
        '10.0.0.4 slots=2 max_slots=2\n10.0.0.5 slots=1 max_slots=1\n')


def test_nodes_of_one_machine_share_a_line_of_the_host_file():
    assert host_file([('127.0.0.1', 2), ('127.0.0.1', 1)]) == '127.0.0.1 slots=3 max_slots=3\n'


def test_a_node_without_processes_is_not_in_the_host_file():
    assert host_file([('10.0.0.4', 1), ('10.0.0.5', 0)]) == '10.0.0.4 slots=1 max_slots=1\n'


@pytest.mark.parametrize('text, shown', [
    ('run $AZ_BATCHAI_INPUT_DATA', 'run /data'), ('${OWN}', '1'), ('for i in 1 2; do echo $i; done', None),
    ('run $AZ_BATCHAI_INPUT_NONE x', 'run  x')])
def test_commands_are_shown_with_what_is_known(text, shown):
    assert expand_known(text, {'AZ_BATCHAI_INPUT_DATA': '/data', 'OWN': '1'}) == (shown or text)
