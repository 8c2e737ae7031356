"""Shares: made, shown, listed, changed, deleted."""
from __future__ import annotations

from xml.etree import ElementTree

import pytest
from file_client import ACCOUNT, KEY
from harness import manual


def shares(files, **query):
    body = ElementTree.fromstring(files.expect(200, files.get('', comp='list', **query)).content)
    return body, [share.findtext('Name') for share in body.find('Shares')]


def test_a_share_is_a_folder_that_is_there_at_once(files):
    made = files.expect(201, files.put('data', restype='share'))
    assert (files.root.parent / 'data').is_dir()
    assert made.headers['etag'].startswith('"0x') and made.headers['last-modified'].endswith('GMT')
    files.refuse(409, 'ShareAlreadyExists', files.put('data', restype='share'))


def test_a_share_that_a_mount_made_is_one(files):
    (files.root.parent / 'mounted').mkdir()
    files.expect(200, files.get('mounted', restype='share'))
    files.refuse(409, 'ShareAlreadyExists', files.put('mounted', restype='share'))
    assert shares(files)[1] == ['mounted', 'work']


@pytest.mark.parametrize('name', ['ab', 'A-Share', 'a--b', '-ab', 'a.b', 'x' * 64, '..', 'a b', 'ä'])
def test_a_name_that_no_share_can_have_is_refused(files, name):
    files.refuse(400, 'InvalidResourceName', files.put(name, restype='share'))
    assert sorted(path.name for path in files.root.parent.iterdir()) == ['work']


def test_quota_tier_and_metadata_are_kept_and_shown(files):
    files.expect(201, files.put('kept', {'x-ms-share-quota': '7', 'x-ms-meta-one': '1', 'x-ms-access-tier': 'hot'},
                                restype='share'))
    shown = files.expect(200, files.get('kept', restype='share')).headers
    assert (shown['x-ms-share-quota'], shown['x-ms-access-tier'], shown['x-ms-meta-one']) == ('7', 'Hot', '1')
    files.expect(200, files.put('kept', {'x-ms-share-quota': '8'}, restype='share', comp='properties'))
    files.expect(200, files.put('kept', {'x-ms-meta-two': '2'}, restype='share', comp='metadata'))
    now = files.expect(200, files.head('kept', restype='share', comp='metadata')).headers
    assert (now['x-ms-share-quota'], now['x-ms-access-tier'], now['x-ms-meta-two']) == ('8', 'Hot', '2')
    assert 'x-ms-meta-one' not in now and now['etag'] != shown['etag']


@pytest.mark.parametrize('headers', [{'x-ms-share-quota': '0'}, {'x-ms-share-quota': '102401'},
                                     {'x-ms-share-quota': 'much'}, {'x-ms-access-tier': 'Cold'}])
def test_a_quota_or_tier_that_cannot_be_is_refused_and_no_share_made(files, headers):
    files.refuse(400, 'InvalidHeaderValue', files.put('never', headers, restype='share'))
    files.refuse(404, 'ShareNotFound', files.get('never', restype='share'))


def test_lists_come_in_pages_with_prefix_and_metadata(files):
    for name in ('aa1', 'aa2', 'aa3', 'bb1'):
        files.expect(201, files.put(name, {'x-ms-meta-of': name}, restype='share'))
    body, found = shares(files, prefix='aa', maxresults=2)
    assert found == ['aa1', 'aa2'] and body.findtext('.//Share/Metadata') is None
    body, rest = shares(files, prefix='aa', maxresults=2, marker=body.findtext('NextMarker'), include='metadata')
    assert rest == ['aa3'] and not body.findtext('NextMarker')
    assert body.findtext('.//Share/Metadata/of') == 'aa3' and body.findtext('.//Share/Properties/Quota') == '5120'
    files.refuse(400, 'InvalidQueryParameterValue', files.get('', comp='list', marker='?'))


def test_a_deleted_share_is_gone_with_what_was_said_of_it(files):
    files.upload('work/f', b'old', x_ms_meta_old='yes')
    files.expect(202, files.delete('work', restype='share'))
    files.refuse(404, 'ShareNotFound', files.get('work', restype='share'))
    files.refuse(404, 'ShareNotFound', files.get('work/f'))
    files.expect(201, files.put('work', restype='share'))
    files.make('work/f', 3)
    assert 'x-ms-meta-old' not in files.head('work/f').headers
    files.refuse(404, 'ShareNotFound', files.delete('nowhere', restype='share'))


def test_a_share_that_a_cluster_mounts_stays(files):
    files.harness.make_cluster(scaleSettings=manual(1), nodeSetup={'mountVolumes': {'azureFileShares': [{
        'accountName': ACCOUNT, 'azureFileUrl': f'https://{ACCOUNT}.file.core.windows.net/work',
        'relativeMountPath': 'afs', 'credentials': {'accountKey': KEY}}]}})
    text = files.refuse(409, 'ShareInUse', files.delete('work', restype='share'))
    assert 'clusters/c' in text and files.root.is_dir()


def test_a_link_in_the_place_of_a_share_is_none(files, tmp_path):
    (tmp_path / 'secret').mkdir()
    (tmp_path / 'secret' / 'f').write_text('x')
    (files.root.parent / 'planted').symlink_to(tmp_path / 'secret')
    files.refuse(404, 'ShareNotFound', files.get('planted/f'))
    assert shares(files)[1] == ['work']


def test_statistics_count_the_bytes_of_files_and_follow_no_link(files, tmp_path):
    (tmp_path / 'large').write_bytes(b'x' * 5000)
    (files.root / 'link').symlink_to(tmp_path / 'large')
    files.make_folder('work/d')
    files.upload('work/d/f', b'x' * 1000)
    files.upload('work/g', b'x' * 24)
    shown = files.expect(200, files.get('work', restype='share', comp='stats'))
    assert ElementTree.fromstring(shown.content).findtext('ShareUsageBytes') == '1024'


def test_access_policies_are_kept_as_they_are_sent(files):
    sent = (b'<SignedIdentifiers><SignedIdentifier><Id>p</Id><AccessPolicy><Start>2018-06-06T00:00:00Z</Start>'
            b'<Expiry>2018-06-07T00:00:00Z</Expiry><Permission>rl</Permission></AccessPolicy></SignedIdentifier>'
            b'</SignedIdentifiers>')
    files.expect(200, files.put('work', content=sent, restype='share', comp='acl'))
    shown = files.expect(200, files.get('work', restype='share', comp='acl')).content
    assert shown.endswith(sent)
    files.expect(200, files.put('work', restype='share', comp='acl'))
    assert b'<Id>' not in files.get('work', restype='share', comp='acl').content
    for wrong in (b'<x', b'<Other/>', sent.replace(b'<Id>p</Id>', b'<Id></Id>'),
                  b'<SignedIdentifiers>' + b''.join(sent[19:-20].replace(b'>p<', f'>{number}<'.encode())
                                                    for number in range(6)) + b'</SignedIdentifiers>',
                  b'<!DOCTYPE a [<!ENTITY b "c">]><SignedIdentifiers/>'):
        files.refuse(400, 'InvalidXmlDocument', files.put('work', content=wrong, restype='share', comp='acl'))


def test_the_service_has_no_metrics_and_no_rules_and_says_so(files):
    shown = files.expect(200, files.get('', restype='service', comp='properties')).content
    files.expect(202, files.put('', content=shown, restype='service', comp='properties'))
    for part, change in ((b'<Enabled>false', b'<Enabled>true'), (b'<Cors />', b'<Cors><CorsRule/></Cors>')):
        assert part in shown
        files.refuse(400, 'FeatureNotSupported', files.put('', content=shown.replace(part, change), restype='service',
                                                           comp='properties'))
