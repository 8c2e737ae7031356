"""What the scripts for Azure Files have to tell."""
from __future__ import annotations

from typing import Any

SIZES = (0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1)


def check_file_share(told: dict[str, Any]) -> None:
    assert told['share'] == [7, {'made': 'here'}, 'ShareAlreadyExists', 'ShareNotFound', 0]
    assert [quota for _, quota in told['listed']] == [8] and told['service'] is False
    assert told['directories'] == [None, 'ResourceNotFound', {'of': 'files'}, 'ResourceAlreadyExists', 'ParentNotFound']
    for size in SIZES:
        assert told[f'size {size}'] == [True, True, size, {'size': str(size)}, 'text/plain', True, 'Archive'], size
    assert told['entries'] == sorted([f'{size}.bin', size, True] for size in SIZES)
    assert told['not empty'] == 'DirectoryNotEmpty'
    assert told['ranges'] == ['xxhelloxx', 'xx', True, [{'start': 0, 'end': 8191}, {'start': 40960, 'end': 99_999}],
                              'InvalidRange', 'InvalidRange']
    assert told['resized'] == 'x' * 10 + 'he'
    assert told['copy'] == ['success', 'success', 'x' * 10 + 'he']
    assert told['renamed'] == ['x' * 10 + 'he', 'ResourceNotFound', None]
    assert told['handles'] == [[], 0] and told['refused'] == ['FeatureNotSupported', 'FeatureNotSupported']
    assert told['odd'] == [[True, True, True]] * 9
    assert told['many'] is True and told['concurrent'] is True
    links = told['links']
    assert [links.pop(name) for name in ('good', 'of the share', 'of a policy')] == [None] * 3
    assert links.pop('for another permission') == 'AuthorizationPermissionMismatch'
    assert links.pop('from elsewhere') == 'AuthorizationSourceIPMismatch'
    assert set(links.values()) == {'AuthenticationFailed'}, links
    assert told['wrong key'] == 'AuthenticationFailed'
    assert told['deleted'] == ['ShareNotFound', True]


def check_file_2_1(told: dict[str, Any]) -> None:
    assert told['share'] == [True, False, True, False, 7, 0, {'made': 'here'}]
    assert [quota for _, quota in told['listed']] == [8]
    assert told['directories'] == [True, False, True, False, False, {'of': 'files'}]
    for size in SIZES:
        spans = [[0, size - 1]] if size else []
        assert told[f'size {size}'] == [True, size, {'size': str(size)}, 'text/plain', spans], size
    assert told['ranges'] == ['hello', True, True] and told['changed'] == [8, 'a/b', {'now': 'this'}]
    assert told['copied'] == 'success' and told['entries'] == [['copy', 'a b'], 5]
    assert told['link'] == ['hello', 403, 403, 403]
    assert told['not empty'] == 'DirectoryNotEmpty' and told['deleted'] == [True, False]
