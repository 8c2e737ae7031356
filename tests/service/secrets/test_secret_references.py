import pytest

from azext_batchai.service.secrets.references import (
    REGISTRY_PASSWORD, BadReference, SecretAddress, SecretReference, check_reference, parse_secret_url,
    secret_references)

VAULT = ('/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/g/providers/Microsoft.KeyVault/vaults/'
         'MyVault')
URL = 'https://myvault.vault.azure.net/secrets/db'
ON_THE_WIRE = {'sourceVault': {'id': VAULT}, 'secretUrl': URL}
REFERENCE = SecretReference(URL, VAULT)


@pytest.mark.parametrize('properties, expected', [
    pytest.param({}, {}, id='none'),
    pytest.param({'secrets': [{'name': 'A', 'value': 'x'}], 'environmentVariables': [{'name': 'B', 'value': 'y'}]}, {},
                 id='values only'),
    pytest.param({'secrets': [{'name': 'A'}, {'name': 'B', 'valueSecretReference': ON_THE_WIRE}]}, {'B': REFERENCE},
                 id='a value that was taken out and a reference'),
    pytest.param({'containerSettings': {'imageSourceRegistry': {'image': 'i', 'credentials': {
        'username': 'u', 'passwordSecretReference': ON_THE_WIRE}}}}, {REGISTRY_PASSWORD: REFERENCE}, id='registry'),
    pytest.param({'containerSettings': {'imageSourceRegistry': {'image': 'i', 'credentials': {'username': 'u'}}}}, {},
                 id='registry with a password'),
    pytest.param({'containerSettings': {'imageSourceRegistry': {'image': 'i'}}}, {}, id='open registry'),
    pytest.param({'mountVolumes': {'azureFileShares': [{'credentials': {'accountKeySecretReference': ON_THE_WIRE}}]}},
                 {}, id='a storage key is not needed')])
def test_what_is_to_be_resolved_is_listed_by_variable(properties, expected):
    assert secret_references(properties) == expected


def test_no_variable_can_have_the_name_of_the_registrys_password():
    assert not REGISTRY_PASSWORD.isidentifier()


@pytest.mark.parametrize('url, address', [
    (URL, SecretAddress('myvault', 'vault.azure.net', 'db')),
    (f'{URL}/', SecretAddress('myvault', 'vault.azure.net', 'db')),
    (f'{URL}/0a1B', SecretAddress('myvault', 'vault.azure.net', 'db', '0a1b')),
    ('HTTPS://MyVault.Vault.Azure.NET/Secrets/DB/0A1B', SecretAddress('myvault', 'vault.azure.net', 'db', '0a1b')),
    ('https://v-1.vault.local.azurestack.external/secrets/d-b',
     SecretAddress('v-1', 'vault.local.azurestack.external', 'd-b'))])
def test_two_spellings_of_a_url_are_one_address(url, address):
    assert parse_secret_url(url) == address


@pytest.mark.parametrize('url', [
    '', 'db', 'http://myvault.vault.azure.net/secrets/db', 'https://myvault/secrets/db',
    'https://myvault.vault.azure.net/secrets', 'https://myvault.vault.azure.net/secrets/',
    'https://myvault.vault.azure.net/keys/db', f'{URL}/1/2', f'{URL}/1?api-version=7.4', f'{URL}#x', f'{URL}\n',
    f' {URL}', 'https://me:word@myvault.vault.azure.net/secrets/db', 'https://myvault.vault.azure.net:8443/secrets/db',
    'https://myvault.vault.azure.net/secrets/../db', 'https://myvault.vault.azure.net/secrets/d%2Fb',
    'https://myvault..net/secrets/db', 'https://\u017fvault.vault.azure.net/secrets/db', '--help'])
def test_what_is_no_secrets_url_is_refused(url):
    with pytest.raises(ValueError, match='should look like https://<vault>.vault.azure.net/secrets/<name>'):
        parse_secret_url(url)


def test_a_long_url_makes_no_long_message():
    with pytest.raises(ValueError) as refusal:
        parse_secret_url('x' * 100_000)
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize('vault', [VAULT, VAULT.lower(), f'{VAULT}/'])
def test_a_reference_names_the_vault_and_the_secret_in_it(vault):
    check_reference({'sourceVault': {'id': vault}, 'secretUrl': f'{URL}/1'})


@pytest.mark.parametrize('vault', [
    '/v', '', 'MyVault', VAULT.replace('KeyVault', 'Storage'), VAULT.replace('vaults', 'managedHSMs'),
    f'{VAULT}/secrets/db', VAULT.replace('0000aa', ''), VAULT.replace('/g/', '/g./'), f'{VAULT}_'])
def test_what_is_no_vaults_id_is_refused(vault):
    with pytest.raises(BadReference, match='should look like .*Microsoft.KeyVault/vaults/<name>, but is') as refusal:
        check_reference({'sourceVault': {'id': vault}, 'secretUrl': URL})
    assert refusal.value.target == 'sourceVault.id'


def test_a_url_in_another_vault_is_refused():
    with pytest.raises(BadReference, match="is in the vault 'other', but sourceVault.id names 'MyVault'") as refusal:
        check_reference({'sourceVault': {'id': VAULT}, 'secretUrl': URL.replace('myvault', 'Other')})
    assert refusal.value.target == 'secretUrl'
