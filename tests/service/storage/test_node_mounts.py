import pytest

from azext_batchai.service.storage.mounts import Mount, MountError, bind_source, link_mounts, resolve_mounts

SERVER_ID = '/subscriptions/s/resourceGroups/g/providers/Microsoft.BatchAI/workspaces/w/fileServers/f'


def guid_of(server_id):
    return 'guid-of-f' if server_id == SERVER_ID else None


@pytest.mark.parametrize('command, source', [
    ('mount --bind /data', '/data'),
    ('mount -B /data', '/data'),
    ('mount --rbind /data', '/data'),
    ('mount -t none -o bind /data', '/data'),
    ('mount -o ro,bind /data', '/data'),
    ('mount --options bind --types none /data', '/data'),
    ('sudo mount --bind /data', '/data'),
    ('mount --bind "/my data"', '/my data'),
    ('mount --bind relative', None),
    ('mount --bind /a /b', None),
    ('mount --bind', None),
    ('mount /dev/sdb1', None),
    ('mount -t nfs 10.0.0.1:/data', None),
    ('mount -t cifs //server/share -o vers=3.0', None),
    ('mount -v --bind /data', None),
    ('mount -o', None),
    ('mount --bind /data; rm -rf /', None),
    ('mount --bind "/data', None),
    ('sshfs me@host:/data', None),
    ('sudo', None),
    ('', None),
])
def test_only_a_plain_bind_mount_becomes_a_link(command, source):
    assert bind_source(command) == source


def volumes(**lists):
    return {kind: [{'relativeMountPath': 'm', **item} for item in items] for kind, items in lists.items()}


def share(**changes):
    return volumes(azureFileShares=[{'accountName': 'acct', 'azureFileUrl': 'https://acct.file.core.windows.net/s/sub',
                                     **changes}])


def blob(**changes):
    return volumes(azureBlobFileSystems=[{'accountName': 'acct', 'containerName': 'c', **changes}])


def server(**changes):
    return volumes(fileServers=[{'fileServer': {'id': SERVER_ID}, **changes}])


def unmanaged(command):
    return volumes(unmanagedFileSystems=[{'mountCommand': command}])


@pytest.mark.parametrize('block, target', [
    (share(), 'storage/acct/file/s/sub'),
    (blob(), 'storage/acct/blob/c'),
    (server(), 'fileservers/guid-of-f'),
    (server(sourceDirectory='/a/b/'), 'fileservers/guid-of-f/a/b'),
])
def test_a_volume_is_a_folder_below_the_data_folder(tmp_path, block, target):
    mount, = resolve_mounts(block, tmp_path, guid_of)
    assert (mount.relative_path, mount.target, mount.command, mount.create) == ('m', tmp_path / target, '', True)


def test_a_bind_mount_is_a_link_to_what_is_there(tmp_path):
    mount, = resolve_mounts(unmanaged('mount --bind /srv/data'), tmp_path, guid_of)
    assert (str(mount.target), mount.create) == ('/srv/data', False)


def test_any_other_mount_command_is_left_for_the_node(tmp_path):
    mount, = resolve_mounts(unmanaged('mount -t nfs 10.0.0.1:/data'), tmp_path, guid_of)
    assert (mount.target, mount.command) == (None, 'mount -t nfs 10.0.0.1:/data')


def test_kinds_come_in_a_fixed_order_and_nothing_gives_nothing(tmp_path):
    block = {**unmanaged('x'), **server(), **blob(), **share()}
    assert [mount.code for mount in resolve_mounts(block, tmp_path, guid_of)] == [
        'AZFMountError', 'BFSMountError', 'FileServerMountError', 'UnmanagedMountError']
    assert resolve_mounts({}, tmp_path, guid_of) == []


@pytest.mark.parametrize('block, code', [
    pytest.param(share(accountName='../../etc'), 'AZFMountError', id='account that climbs'),
    pytest.param(share(accountName='a/b'), 'AZFMountError', id='account with a slash'),
    pytest.param(share(azureFileUrl='https://acct.file.core.windows.net/../x'), 'AZFMountError',
                 id='share that climbs'),
    pytest.param(share(azureFileUrl='https://acct.file.core.windows.net/s/%2e%2e/%2e%2e'), 'AZFMountError',
                 id='folder that climbs, encoded'),
    pytest.param(share(azureFileUrl='https://acct.file.core.windows.net/s/%00'), 'AZFMountError',
                 id='NUL in the folder'),
    pytest.param(share(azureFileUrl='//x/y'), 'AZFMountError', id='no address'),
    pytest.param(blob(accountName='..'), 'BFSMountError', id='blob account that climbs'),
    pytest.param(blob(containerName='../x'), 'BFSMountError', id='container that climbs'),
    pytest.param(server(fileServer={'id': SERVER_ID + 'x'}), 'FileServerMountError',
                 id='file server that is not there'),
    pytest.param(server(sourceDirectory='a/../../b'), 'FileServerMountError', id='source that climbs'),
    pytest.param(server(sourceDirectory='a\x00b'), 'FileServerMountError', id='NUL in the source'),
])
def test_a_volume_that_cannot_work_or_leads_elsewhere_is_refused_with_its_code(tmp_path, block, code):
    with pytest.raises(MountError) as caught:
        resolve_mounts(block, tmp_path, guid_of)
    assert (caught.value.code, caught.value.relative_path) == (code, 'm')


# links

def link(path, target, create=True):
    return Mount(path, 'Code', target, create=create)


def test_a_mount_is_a_link_and_its_folder_is_made(tmp_path):
    link_mounts([link('a', tmp_path / 'share'), link('deep/b', tmp_path / 'other')], tmp_path / 'root')
    (tmp_path / 'root' / 'a' / 'file').write_text('x')
    assert (tmp_path / 'share' / 'file').read_text() == 'x'
    assert (tmp_path / 'root' / 'deep' / 'b').resolve() == (tmp_path / 'other').resolve()


def test_linking_again_is_harmless_and_follows_a_changed_target(tmp_path):
    for target in ('one', 'one', 'two'):
        link_mounts([link('a', tmp_path / target)], tmp_path / 'root')
        assert (tmp_path / 'root' / 'a').resolve() == (tmp_path / target).resolve()


def test_a_folder_for_a_mount_command_is_made_empty(tmp_path):
    link_mounts([Mount('m', 'Code', command='mount -t nfs x')], tmp_path / 'root')
    assert list((tmp_path / 'root' / 'm').iterdir()) == []


@pytest.mark.parametrize('prepare, mount', [
    pytest.param(lambda tmp: None, lambda tmp: link('a', tmp / 'missing', create=False), id='missing folder'),
    pytest.param(lambda tmp: (tmp / 'file').touch(), lambda tmp: link('a', tmp / 'file', create=False), id='a file'),
    pytest.param(lambda tmp: (tmp / 'file').touch(), lambda tmp: link('a', tmp / 'file' / 'below'), id='below a file'),
    pytest.param(lambda tmp: (tmp / 'root' / 'a').mkdir(parents=True), lambda tmp: link('a', tmp / 's'),
                 id='something lies at the place'),
    pytest.param(lambda tmp: None, lambda tmp: link('.', tmp / 's'), id='the mount root itself'),
])
def test_a_link_that_cannot_be_made_is_a_mount_error(tmp_path, prepare, mount):
    prepare(tmp_path)
    with pytest.raises(MountError) as caught:
        link_mounts([mount(tmp_path)], tmp_path / 'root')
    assert caught.value.code == 'Code'
