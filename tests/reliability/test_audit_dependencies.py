from audit_dependencies import report

_CLEAN = {'name': 'a', 'version': '1', 'vulns': []}
_SKIPPED = {'name': 'b', 'skip_reason': 'not found'}
_WEAK = {'name': 'c', 'version': '2', 'vulns': [{'id': 'CVE-1', 'fix_versions': ['3']}]}


def test_a_vulnerability_fails_and_names_the_version_that_repairs_it():
    status, lines = report([_CLEAN, _WEAK])
    assert status == 1 and 'c 2 has CVE-1, repaired in 3' in lines[0]


def test_packages_that_were_not_audited_are_named():
    assert report([_CLEAN, _SKIPPED]) == (0, ['pip-audit: 1 packages audited, 0 vulnerabilities; not audited: b'])


def test_nothing_audited_is_not_called_clean():
    for packages in (None, [], [_SKIPPED]):
        status, lines = report(packages)
        assert status == 0 and 'NOTHING WAS AUDITED' in lines[0]
