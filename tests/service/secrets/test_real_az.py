"""The real az reads secrets from a key vault of ours, over TLS and as the managed identity it is logged in as."""
import os
from pathlib import Path

import pytest
from key_vault import HOST, KeyVault
from vault_kit import VAULT, Resolving

from azext_batchai.service.secrets.references import SecretReference
from azext_batchai.service.secrets.resolver import SecretUnavailable

AZ = Path(os.environ.get('BATCHAI_TEST_AZ', Path(__file__).resolve().parents[3] / '.venv' / 'bin' / 'az'))
pytestmark = pytest.mark.skipif(not AZ.exists(), reason=f'there is no az at {AZ}; make install makes one')


def reference(name):
    return SecretReference(f'https://{HOST}/secrets/{name}', VAULT)


@pytest.fixture
def vault(tmp_path):
    made = KeyVault(tmp_path / 'vault')
    yield made
    made.close()


@pytest.fixture
def resolving(az, vault):
    az.environment = vault.signed_in({**os.environ, 'PATH': f"{AZ.parent}:{os.environ['PATH']}", 'HOME': str(az.folder),
                                      'AZURE_LOGGING_ENABLE_LOG_FILE': 'yes'})
    made = Resolving(az)
    yield made
    made.close()


def test_the_signed_in_az_resolves_secrets_of_a_key_vault(vault, resolving):
    vault.secrets = {'db': 'the "current" $one\nof two lines ä', 'db/0a': 'the first'}
    assert resolving.result('job', {'NOW': reference('db'), 'ONCE': reference('db/0a')}) == {
        'NOW': vault.secrets['db'], 'ONCE': 'the first'}
    assert sorted(vault.asked) == ['db', 'db/0a']
    files = [path for path in (vault.folder / 'azure').rglob('*') if path.is_file()]
    assert [path for path in files if b'the first' in path.read_bytes()] == []


def test_what_the_key_vault_says_is_the_reason(vault, resolving):
    with pytest.raises(SecretUnavailable) as refused:
        resolving.result('job', {'A': reference('nobody')})
    assert str(refused.value) == (
        f'The secret https://{HOST}/secrets/nobody could not be read: it is not in {resolving.file}, and az says: '
        '(SecretNotFound) A secret with (name/id) nobody was not found in this key vault. If you recently deleted this '
        'secret you may be able to recover it.')


def test_an_az_that_is_not_logged_in_says_how_to(az, vault, resolving):
    (vault.folder / 'azure' / 'azureProfile.json').unlink()
    with pytest.raises(SecretUnavailable, match=r"az says: Please run 'az login' to setup account\.$"):
        resolving.result('job', {'A': reference('db')})
    assert vault.asked == []
