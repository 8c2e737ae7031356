"""az storage share, directory and file, and the package our extension has for them, with the real service."""
from __future__ import annotations

import filecmp
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator
from urllib.parse import quote

import pytest
from installed_az import AZ, EXTENSIONS, Az
from storage_shell import StorageShell, quoted

CLIENTS = Path(__file__).resolve().parent.parent / 'clients'
sys.path.append(str(CLIENTS))  # for what the scripts there have to tell

from told_of_files import check_file_2_1, check_file_share  # noqa: E402

ODD = 'a b/ä→日 100% %41 a+b #1?.txt'


@pytest.fixture(scope='module')
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageShell]:
    az = Az(tmp_path_factory.mktemp('files'))
    az.ok('batchai service start -o none')
    yield StorageShell(az, 'filesaccount')
    az.ok('batchai service reset -y')


def folder_of(shell: StorageShell, share: str) -> Path:
    return shell.az.data_dir / 'storage' / 'filesaccount' / 'file' / share


def run_script(shell: StorageShell, script: str, share: str) -> dict[str, object]:
    """With the packages of az, and behind them those of our extension, as az itself has them."""
    done = subprocess.run(
        [AZ.parent / 'python', CLIENTS / 'scripts' / script], capture_output=True, text=True, timeout=110,
        cwd=shell.az.folder, env={**shell.environment, 'FILE_CONNECTION': shell.connection_string, 'FILE_SHARE': share,
                                  'FILE_PACKAGES': str(EXTENSIONS / 'batchai')})
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_the_package_of_our_extension_works_beside_the_older_common_of_az(shell: StorageShell) -> None:
    told = run_script(shell, 'file_2_1.py', 'old')
    assert str(told['common']).startswith('1.4.')
    check_file_2_1(told)


def test_the_package_of_az_works(shell: StorageShell) -> None:
    check_file_share(run_script(shell, 'file_share.py', 'new'))


def test_a_share_is_made_once_shown_listed_changed_and_deleted(shell: StorageShell) -> None:
    assert shell.json('az storage share create -n one --quota 3 --metadata a=b') == {'created': True}
    assert shell.json('az storage share create -n one') == {'created': False}
    assert shell.json('az storage share show -n one --query "[properties.quota, metadata]"') == [3, {'a': 'b'}]
    shell.ok('az storage share update -n one --quota 4')
    shell.ok('az storage share metadata update -n one --metadata c=d')
    assert shell.json('az storage share metadata show -n one') == {'c': 'd'}
    assert 'one' in shell.json('az storage share list --query "[].name"')
    assert shell.json('az storage share exists -n one') == {'exists': True}
    assert shell.json('az storage share list-handle -n one')['items'] == []
    shell.ok('az storage share policy create -n p --share-name one --permissions rl --expiry 2099-01-01T00:00Z')
    assert shell.json('az storage share policy list --share-name one')['p']['permission'] == 'rl'
    assert shell.json('az storage share delete -n one') == {'deleted': True}
    assert shell.json('az storage share delete -n one') == {'deleted': False}
    assert shell.json('az storage share exists -n one') == {'exists': False}


def test_directories_are_made_once_and_deleted_when_empty(shell: StorageShell) -> None:
    shell.ok('az storage share create -n dirs')
    assert shell.json('az storage directory create -s dirs -n "a b"') == {'created': True}
    assert shell.json('az storage directory create -s dirs -n "a b"') == {'created': False}
    assert shell.json('az storage directory exists -s dirs -n none') == {'exists': False}
    shell.ok('az storage directory metadata update -s dirs -n "a b" --metadata x=y')
    assert shell.json('az storage directory show -s dirs -n "a b" --query "[name, metadata]"') == ['a b', {'x': 'y'}]
    (folder_of(shell, 'dirs') / 'a b' / 'f').write_text('by a job')
    refused = shell.run('az storage directory delete -s dirs -n "a b"')
    assert refused.returncode and 'DirectoryNotEmpty' in refused.stderr
    shell.ok('az storage file delete -s dirs -p "a b/f"')
    assert shell.json('az storage directory delete -s dirs -n "a b"') == {'deleted': True}
    assert shell.json('az storage directory list -s dirs') == []


def test_a_file_goes_there_and_back_byte_for_byte(shell: StorageShell) -> None:
    folder, path = folder_of(shell, 'there'), quoted('-p', ODD)
    content = os.urandom(5_000_000)
    (shell.az.folder / 'content').write_bytes(content)
    shell.ok('az storage share create -n there; az storage directory create -s there -n "a b"')
    shell.ok(f'az storage file upload -s there --source content {path} --metadata k=v --content-type text/x '
             '--validate-content')
    assert (folder / ODD).read_bytes() == content
    shown = shell.json(f'az storage file show -s there {path}')
    assert [shown['properties']['contentLength'], shown['properties']['contentSettings']['contentType'],
            shown['metadata']] == [5_000_000, 'text/x', {'k': 'v'}]
    shell.ok(f'az storage file download -s there {path} --dest ./back -o none')
    assert (shell.az.folder / 'back').read_bytes() == content
    shell.ok(f'az storage file download -s there {path} --dest ./part --start-range 10 --end-range 19 -o none')
    assert (shell.az.folder / 'part').read_bytes() == content[10:20]
    assert shell.json('az storage file list -s there -p "a b" --query "[].name"') == [ODD.partition('/')[2]]
    shell.ok(f'az storage file resize -s there {path} --size 7')
    shell.ok(f'az storage file update -s there {path} --content-type a/b')
    shell.ok(f'az storage file metadata update -s there {path} --metadata q=r')
    shown = shell.json(f'az storage file show -s there {path}')
    assert [shown['properties']['contentLength'], shown['properties']['contentSettings']['contentType'],
            shown['metadata']] == [7, 'a/b', {'q': 'r'}]
    link = shell.ok(f'az storage file generate-sas -s there {path} --permissions r --expiry 2099-01-01T00:00Z -o tsv')
    address = re.findall('FileEndpoint=([^;]*)', shell.connection_string)[0] + f'/there/{quote(ODD)}?{link.strip()}'
    fetch = f'curl -sS --cacert "$REQUESTS_CA_BUNDLE" {quoted(address)}'
    assert shell.ok(f'{fetch} | cmp -n 7 - content; {fetch} | wc -c').strip() == '7'
    assert shell.ok(f'{fetch} -o /dev/null -w "%{{http_code}}" -X DELETE') == '403'
    shell.ok(f'az storage file delete -s there {path}')
    assert not (folder / ODD).exists() and shell.json(f'az storage file exists -s there {path}') == {'exists': False}


def test_a_tree_goes_there_and_back_and_is_copied_and_deleted(shell: StorageShell) -> None:
    tree = shell.az.folder / 'tree'
    for number in range(6):
        place = tree / f'd {number % 2}' / 'inner'
        place.mkdir(parents=True, exist_ok=True)
        (place / f'f{number}').write_bytes(os.urandom(1000))
    shell.ok('az storage share create -n batch')
    sent = shell.json('az storage file upload-batch -d batch --destination-path up -s tree --max-connections 3')
    assert len(sent) == 6
    shell.ok('az storage file copy start-batch --source-share batch --destination-share batch --destination-path again '
             '--pattern "up/*" -o none')
    for source, target in (('batch/up', 'one'), ('batch/again/up', 'two')):
        (shell.az.folder / target).mkdir()
        shell.ok(f'az storage file download-batch -s {source} -d {target} -o none')
        assert same(tree, shell.az.folder / target), source
    shell.ok('az storage file delete-batch -s batch --pattern "up/*"')
    assert [path for path in (folder_of(shell, 'batch') / 'up').rglob('*') if path.is_file()] == []


def same(one: Path, other: Path) -> bool:
    found = filecmp.dircmp(one, other)
    return not (found.left_only or found.right_only or found.funny_files) and not filecmp.cmpfiles(
        one, other, found.common_files, shallow=False)[1] and all(
            same(one / name, other / name) for name in found.common_dirs)


def test_300_mib_arrive_as_they_were_sent(shell: StorageShell) -> None:
    digest = hashlib.sha256()
    with open(shell.az.folder / 'large', 'wb') as file:
        for _ in range(300):
            piece = os.urandom(1 << 20)
            digest.update(piece)
            file.write(piece)
    shell.ok('az storage share create -n large')
    shell.ok('az storage file upload -s large --source large --max-connections 4 -o none')
    assert checksum(folder_of(shell, 'large') / 'large') == digest.hexdigest()
    shell.ok('az storage file download -s large -p large --dest ./large-back --max-connections 4 -o none')
    assert checksum(shell.az.folder / 'large-back') == digest.hexdigest()
    for path in (shell.az.folder / 'large', shell.az.folder / 'large-back', folder_of(shell, 'large') / 'large'):
        path.unlink()


def checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def test_a_disk_that_is_full_is_told_of_at_once(shell: StorageShell) -> None:
    small = shell.az.folder / 'small'
    small.mkdir()
    if not os.path.exists('/bin/mount') or subprocess.run(
            ['mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', str(small)], capture_output=True).returncode:
        pytest.skip('a small file system cannot be mounted here')
    try:
        shell.ok('az batchai service mount --share small --storage-account filesaccount --path small -o none')
        (shell.az.folder / 'fits').write_bytes(os.urandom(3_000_000))
        (shell.az.folder / 'not').write_bytes(os.urandom(9_000_000))
        shell.ok('az storage file upload -s small --source fits -p here.bin -o none')
        for path in ('here.bin', 'other.bin'):
            refused = shell.run(f'az storage file upload -s small --source not -p {path}')
            assert refused.returncode and 'disk of the service is full' in refused.stderr
        assert os.listdir(small) == ['here.bin']
        assert (small / 'here.bin').read_bytes() == (shell.az.folder / 'fits').read_bytes()
    finally:
        shell.ok('az batchai service unmount --share small --storage-account filesaccount')
        subprocess.run(['umount', str(small)], check=True)


def test_a_folder_of_ones_own_is_a_share_and_stays_when_it_is_one_no_longer(shell: StorageShell) -> None:
    own = shell.az.folder / 'my work'
    own.mkdir()
    (own / 'data').write_text('of my own')
    mounted = shell.json('az batchai service mount --share mine --storage-account filesaccount --path "my work"')
    assert mounted == {'storageAccount': 'filesaccount', 'share': 'mine', 'container': None, 'path': str(own)}
    assert mounted in shell.json('az batchai service show --query mounts')
    shell.ok('az storage file download -s mine -p data --dest ./mine -o none')
    assert (shell.az.folder / 'mine').read_text() == 'of my own'
    shell.ok('az storage file upload -s mine --source mine -p new.txt -o none')
    assert (own / 'new.txt').read_text() == 'of my own'
    kept = shell.run('az storage share delete -n mine')
    assert kept.returncode and 'az batchai service unmount' in kept.stderr
    shell.ok('az batchai service unmount --share mine --storage-account filesaccount')
    assert shell.json('az storage share exists -n mine') == {'exists': False} and (own / 'data').exists()
    assert shell.json('az batchai service show --query mounts') == []


@pytest.mark.parametrize('line, problem', [
    ('mount --share mine --storage-account a --path none', "--path 'none' is not a folder"),
    ('mount --storage-account a --path .', 'Say what the folder is: --share NAME or --container NAME'),
    ('mount --share a --container b --storage-account a --path .', 'one of the two'),
    ('mount --share No_Name --storage-account a --path .', "--share 'No_Name' is not a valid name"),
    ('mount --share mine --storage-account A_B --path fine', "'A_B' is not a valid storage account name"),
    ('mount --share mine --storage-account acct --path azure', 'holds the settings of az'),
    ('unmount --share mine --storage-account acct', 'No folder is mounted as the share mine')])
def test_what_cannot_be_mounted_is_one_line(shell: StorageShell, line: str, problem: str) -> None:
    (shell.az.folder / 'fine').mkdir(exist_ok=True)
    refused = shell.az(f'batchai service {line}')
    assert refused.code and problem in refused.problem
