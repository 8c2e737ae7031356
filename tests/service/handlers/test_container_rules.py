import pytest
from harness import job_body, job_path

from azext_batchai.service.errors import ArmError
from azext_batchai.service.handlers.container_rules import check_container

PLACE = 'properties.containerSettings'
SOURCE = f'{PLACE}.imageSourceRegistry'


def container(shmSize=None, **registry):
    size = {'shmSize': shmSize} if shmSize is not None else {}
    return {'containerSettings': {'imageSourceRegistry': {'image': 'ubuntu', **registry}, **size}}


@pytest.mark.parametrize('properties', [
    {}, container(), container(image='nvcr.io/nvidia/tensorflow:18.04-py3', serverUrl='nvcr.io', shmSize='16gb',
                               credentials={'username': '$oauthtoken', 'password': 'p:w'})])
def test_usual_containers_are_accepted(properties):
    check_container(properties)


@pytest.mark.parametrize('properties, target, said', [
    (container(image='-v'), f'{SOURCE}.image', "'-v' is not the name of an image"),
    (container(image='https://r/net'), f'{SOURCE}.image', "write the image's name"),
    (container(serverUrl='ftp://r'), f'{SOURCE}.serverUrl', "'ftp://r' is not a registry"),
    (container(serverUrl='https://u:p@r'), f'{SOURCE}.serverUrl', 'give that and the password as credentials'),
    (container(credentials={'username': 'a:b', 'password': 'p'}), f'{SOURCE}.credentials.username', 'a colon'),
    (container(shmSize='much'), f'{PLACE}.shmSize', "'much' is not a size of memory, such as 16gb, 512m or 67108864"),
    (container(shmSize=''), f'{PLACE}.shmSize', 'is not a size of memory'),
])
def test_what_cannot_be_meant_is_refused_with_its_place(properties, target, said):
    with pytest.raises(ArmError) as refused:
        check_container(properties)
    error = refused.value.body()['error']
    assert (refused.value.status, error['target']) == (400, target)
    assert said in error['message']


def test_the_password_of_a_registry_is_kept_for_the_job_and_never_shown(pair):
    given = container(serverUrl='r.example.com', credentials={'username': 'u', 'password': 'S3CRET'})
    accepted = pair.put(job_path('j'), job_body(secrets=[{'name': 'TOKEN', 'value': 'other'}], **given))
    assert accepted.status_code == 202 and 'S3CRET' not in accepted.text
    shown = pair.get(job_path('j'))
    assert 'S3CRET' not in shown.text
    assert shown.json()['properties']['containerSettings']['imageSourceRegistry'] == {
        'image': 'ubuntu', 'serverUrl': 'r.example.com', 'credentials': {'username': 'u'}}
    record = pair.job_record('j')
    assert pair.store.resources.secrets(record.guid) == {'TOKEN': 'other', 'containerSettings.password': 'S3CRET'}


def test_the_same_request_again_changes_nothing(pair):
    body = job_body(**container(credentials={'username': 'u', 'password': 'S3CRET'}))
    assert pair.put(job_path('j'), body).status_code == 202
    assert pair.put(job_path('j'), body).status_code in (200, 202)
