"""Containers over HTTP, what they have in common with those of ARM and mounts, and the account's own routes."""
from __future__ import annotations

import shutil

import pytest
from blob_client import KEY, refused
from harness import SUBSCRIPTION, manual

from azext_batchai.service.store.linked_folders import LinkedFolder

CONTAINER = {'restype': 'container'}
ACL = {'restype': 'container', 'comp': 'acl'}
POLICY = (b'<?xml version="1.0"?><SignedIdentifiers><SignedIdentifier><Id>readers</Id><AccessPolicy>'
          b'<Expiry>2018-06-07T00:00:00Z</Expiry><Permission>rl</Permission></AccessPolicy></SignedIdentifier>'
          b'</SignedIdentifiers>')


def test_a_container_is_made_once_and_so_is_one_that_a_mount_made(blobs):
    assert refused(blobs.put('work', **CONTAINER), 409, 'ContainerAlreadyExists')
    (blobs.folder.parent / 'mounted').mkdir()
    assert refused(blobs.put('mounted', **CONTAINER), 409, 'ContainerAlreadyExists')
    assert blobs.head('mounted', **CONTAINER).status_code == 200


@pytest.mark.parametrize('name', ['ab', 'Upper', 'under_score', '-dash', 'two--dashes', 'x' * 64, '..', '.uploads'])
def test_a_name_that_no_container_can_have_is_refused(blobs, name):
    assert refused(blobs.put(name, **CONTAINER), 400, 'InvalidResourceName')
    assert refused(blobs.get(name, **CONTAINER), 400, 'InvalidResourceName')


def test_metadata_of_a_container_is_its_own_and_goes_with_it(blobs):
    blobs.put('meta', headers={'x-ms-meta-a': '1'}, **CONTAINER)
    assert blobs.get('meta', **CONTAINER).headers['x-ms-meta-a'] == '1'
    reply = blobs.put('meta', comp='metadata', headers={'x-ms-meta-b': '2'}, **CONTAINER)
    assert reply.status_code == 200 and reply.headers['etag'] == blobs.head('meta', **CONTAINER).headers['etag']
    said = blobs.get('meta', comp='metadata', **CONTAINER).headers
    assert said['x-ms-meta-b'] == '2' and 'x-ms-meta-a' not in said
    blobs.delete('meta', **CONTAINER)
    blobs.put('meta', **CONTAINER)
    assert 'x-ms-meta-b' not in blobs.head('meta', **CONTAINER).headers


def test_a_deleted_container_takes_its_blobs_and_what_was_said_of_them(blobs):
    blobs.upload('work/blob', b'x', x_ms_meta_a='1')
    assert blobs.delete('work', **CONTAINER).status_code == 202
    for reply in (blobs.delete('work', **CONTAINER), blobs.head('work', **CONTAINER), blobs.get('work/blob')):
        assert refused(reply, 404, 'ContainerNotFound')
    blobs.put('work', **CONTAINER)
    (blobs.folder / 'blob').write_bytes(b'x')
    assert 'x-ms-meta-a' not in blobs.head('work/blob').headers


def test_a_container_made_where_one_was_removed_by_hand_has_nothing_of_what_was_said(blobs):
    blobs.upload('work/blob', b'x', x_ms_meta_a='1')
    shutil.rmtree(blobs.folder)
    assert blobs.put('work', **CONTAINER).status_code == 201
    (blobs.folder / 'blob').write_bytes(b'by a job')
    assert 'x-ms-meta-a' not in blobs.head('work/blob').headers


def test_a_container_that_a_cluster_mounts_is_not_deleted(blobs):
    mount = {'accountName': 'demobatchaicli', 'containerName': 'work', 'relativeMountPath': 'bfs',
             'credentials': {'accountKey': KEY}}
    blobs.harness.make_cluster(scaleSettings=manual(0), nodeSetup={'mountVolumes': {'azureBlobFileSystems': [mount]}})
    reply = blobs.delete('work', **CONTAINER)
    assert refused(reply, 409, 'ContainerInUse') and '/clusters/c' in reply.text
    assert blobs.folder.is_dir()


def test_a_folder_of_the_users_own_is_served_and_not_deleted(blobs, tmp_path):
    own = tmp_path / 'own'
    own.mkdir()
    (own / 'a.txt').write_bytes(b'mine')
    blobs.harness.store.linked_folders.add(LinkedFolder('demobatchaicli', 'blob', 'own', str(own)))
    assert blobs.get('own/a.txt').content == b'mine' and blobs.list('own').names == ['a.txt']
    blobs.upload('own/sub/b.txt', b'new')
    assert (own / 'sub/b.txt').read_bytes() == b'new'
    assert refused(blobs.delete('own', **CONTAINER), 409, 'ContainerInUse')
    assert (own / 'a.txt').exists()


def test_a_link_that_a_job_left_in_the_place_of_a_container_is_not_served(blobs, tmp_path):
    (blobs.folder.parent / 'planted').symlink_to(tmp_path)
    for reply in (blobs.get('planted', comp='list', **CONTAINER), blobs.get('planted/x'),
                  blobs.delete('planted', **CONTAINER)):
        assert refused(reply, 404, 'ContainerNotFound')
    assert refused(blobs.put('planted', **CONTAINER), 409, 'ContainerAlreadyExists')


def test_containers_of_arm_and_of_the_blob_service_are_the_same(blobs):
    accounts = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts'
    harness = blobs.harness
    harness.put(f'/subscriptions/{SUBSCRIPTION}/resourceGroups/rg', {'location': 'eastus'})
    body = {'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'}
    assert harness.put(f'{accounts}/armaccount', body).status_code == 200
    container = f'{accounts}/armaccount/blobServices/default/containers/both'
    assert harness.put(container, {}).status_code == 201

    def send(method, path, **query):
        url = blobs.url(path, account='armaccount') + '?' + '&'.join(f'{key}={value}' for key, value in query.items())
        return harness.request(method, url, host='127.0.0.1:8444', version=None)
    assert refused(send('PUT', 'both', **CONTAINER), 409, 'ContainerAlreadyExists')
    assert send('DELETE', 'both', **CONTAINER).status_code == 202
    assert harness.get(container).status_code == 404


def test_stored_policies_come_back_and_links_that_name_them_open_until_they_are_gone(blobs):
    blobs.upload('work/blob', b'x')
    link = blobs.link('work', '', sr='c', si='readers', se='')
    assert refused(blobs.get('work/blob', link=link), 403, 'AuthenticationFailed')
    assert blobs.put('work', POLICY, **ACL).status_code == 200
    found = blobs.get('work', **ACL)
    assert b'<Id>readers</Id>' in found.content and b'<Permission>rl</Permission>' in found.content
    assert blobs.get('work/blob', link=link).content == b'x'
    assert refused(blobs.delete('work/blob', link=link), 403, 'AuthorizationPermissionMismatch')
    assert blobs.put('work', b'', **ACL).status_code == 200
    assert refused(blobs.get('work/blob', link=link), 403, 'AuthenticationFailed')
    assert refused(blobs.put('work', b'<Odd/>', **ACL), 400, 'InvalidXmlDocument')


def test_public_access_is_refused_in_every_form(blobs):
    for query, name in ((CONTAINER, 'public'), (ACL, 'work')):
        reply = blobs.put(name, headers={'x-ms-blob-public-access': 'container'}, **query)
        assert refused(reply, 409, 'PublicAccessNotPermitted')
    assert refused(blobs.head('public', **CONTAINER), 404, 'ContainerNotFound')


@pytest.mark.parametrize(('method', 'query', 'needed'), [
    ('PUT', {}, 'cw'), ('GET', {}, 'r'), ('HEAD', {}, 'r'), ('DELETE', {}, 'd'), ('PUT', {'comp': 'metadata'}, 'w')])
def test_containers_need_a_link_of_the_account_with_that_permission(blobs, method, query, needed):
    name = 'fresh' if (method, query) == ('PUT', {}) else 'work'
    query = {**CONTAINER, **query}
    for letters in set('racwdl') - set(needed):
        assert refused(blobs.call(method, name, link=blobs.link('', letters, srt='c'), **query), 403,
                       'AuthorizationPermissionMismatch')
    assert refused(blobs.call(method, name, link=blobs.link(name, 'racwdl', sr='c'), **query), 403,
                   'AuthorizationFailure')
    assert blobs.call(method, name, link=blobs.link('', needed, srt='c'), **query).status_code < 300


def test_policies_need_a_key(blobs):
    for method in ('GET', 'PUT'):
        assert refused(blobs.call(method, 'work', link=blobs.link('', 'racwdl', srt='sco'), **ACL), 403,
                       'AuthorizationFailure')


def test_a_container_is_deleted_only_on_its_condition(blobs):
    early = {'if-unmodified-since': 'Wed, 06 Jun 2012 12:00:00 GMT'}
    assert refused(blobs.delete('work', headers=early, **CONTAINER), 412, 'ConditionNotMet')
    assert blobs.folder.is_dir()


def test_what_kind_of_account_it_is_may_know_who_may_do_anything(blobs):
    query = {'restype': 'account', 'comp': 'properties'}
    blobs.upload('work/blob', b'x')
    for path in ('', 'work', 'work/blob'):
        for method in ('GET', 'HEAD'):
            said = blobs.call(method, path, **query).headers
            assert (said['x-ms-sku-name'], said['x-ms-account-kind']) == ('Standard_LRS', 'StorageV2')
    assert blobs.get('work/blob', link=blobs.link('work/blob', 'r'), **query).status_code == 200


def test_service_properties_are_all_off_and_cannot_be_switched_on(blobs):
    query = {'restype': 'service', 'comp': 'properties'}
    found = blobs.get('', **query)
    assert found.status_code == 200 and b'true' not in found.content
    assert blobs.put('', found.content, **query).status_code == 202
    for part in ('<StaticWebsite><Enabled>true</Enabled></StaticWebsite>',
                 '<Cors><CorsRule><AllowedOrigins>*</AllowedOrigins></CorsRule></Cors>'):
        body = f'<StorageServiceProperties>{part}</StorageServiceProperties>'.encode()
        assert refused(blobs.put('', body, **query), 400, 'FeatureNotSupported')
    assert refused(blobs.put('', b'<Other/>', **query), 400, 'InvalidXmlDocument')
    assert refused(blobs.get('', link=blobs.link('', 'r', srt='co'), **query), 403,
                   'AuthorizationResourceTypeMismatch')
