import pytest

from azext_batchai.service.errors import ArmError
from azext_batchai.service.handlers.secret_rules import check_secret_pairs, check_secret_references

REFERENCE = {'sourceVault': {'id': '/v'}, 'secretUrl': 'https://v/s'}
VAULT = '/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v'
GOOD = {'sourceVault': {'id': VAULT}, 'secretUrl': 'https://v.vault.azure.net/secrets/s'}
ELSEWHERE = {**GOOD, 'secretUrl': 'https://w.vault.azure.net/secrets/s'}
MOUNTS = ('azureFileShares', 'azureBlobFileSystems')


def mount(kind, **credentials):
    return {'nodeSetup': {'mountVolumes': {kind: [{'credentials': {}}, {'credentials': credentials}]}}}


def registry(**credentials):
    return {'containerSettings': {'imageSourceRegistry': {'image': 'i', 'credentials': credentials}}}


def insights(**reference):
    return {'nodeSetup': {'performanceCountersSettings': {'appInsightsReference': {'component': {'id': '/c'},
                                                                                   **reference}}}}


@pytest.mark.parametrize('properties', [
    {}, mount('azureFileShares'), mount('azureFileShares', accountKey='k'),
    mount('azureBlobFileSystems', accountKeySecretReference=REFERENCE), registry(username='u', password='p'),
    registry(username='u', passwordSecretReference=REFERENCE), insights(instrumentationKey='k'),
    insights(instrumentationKeySecretReference=REFERENCE), {'secrets': [{'name': 'A', 'value': ''}]},
    {'secrets': [{'name': 'A', 'valueSecretReference': REFERENCE}]}, {'environmentVariables': [{'name': 'A'}]}])
def test_one_of_the_two_is_enough(properties):
    check_secret_pairs(properties)


@pytest.mark.parametrize('properties, target', [
    *((mount(kind, accountKey='hidden', accountKeySecretReference=REFERENCE),
       f'properties.nodeSetup.mountVolumes.{kind}[1].credentials.accountKeySecretReference') for kind in MOUNTS),
    (registry(username='u', password='hidden', passwordSecretReference=REFERENCE),
     'properties.containerSettings.imageSourceRegistry.credentials.passwordSecretReference'),
    (registry(username='u'), 'properties.containerSettings.imageSourceRegistry.credentials.password'),
    (insights(instrumentationKey='hidden', instrumentationKeySecretReference=REFERENCE),
     'properties.nodeSetup.performanceCountersSettings.appInsightsReference.instrumentationKeySecretReference'),
    (insights(), 'properties.nodeSetup.performanceCountersSettings.appInsightsReference.instrumentationKey'),
    ({'secrets': [{'name': 'A', 'value': 'hidden', 'valueSecretReference': REFERENCE}]},
     'properties.secrets[0].valueSecretReference'),
    ({'nodeSetup': {'setupTask': {'secrets': [{'name': 'A'}]}}}, 'properties.nodeSetup.setupTask.secrets[0].value')])
def test_both_or_neither_is_refused_without_telling_the_secret(properties, target):
    with pytest.raises(ArmError) as refusal:
        check_secret_pairs(properties)
    assert (refusal.value.status, refusal.value.target) == (400, target)
    assert 'hidden' not in refusal.value.message


def variables(*references):
    return [{'name': 'A', 'value': 'x'}, *({'name': 'B', 'valueSecretReference': each} for each in references)]


@pytest.mark.parametrize('properties', [
    {}, {'secrets': variables(GOOD, GOOD)}, {'nodeSetup': {'setupTask': {'secrets': variables(GOOD)}}},
    registry(username='u', passwordSecretReference=GOOD), registry(username='u', password='p'),
    mount('azureFileShares', accountKeySecretReference=REFERENCE),
    insights(instrumentationKeySecretReference=REFERENCE)])
def test_references_that_are_resolved_are_well_formed_and_others_are_not_looked_at(properties):
    check_secret_references(properties)


@pytest.mark.parametrize('properties, target', [
    ({'secrets': variables(GOOD, REFERENCE)}, 'properties.secrets[2].valueSecretReference.sourceVault.id'),
    ({'secrets': variables(ELSEWHERE)}, 'properties.secrets[1].valueSecretReference.secretUrl'),
    ({'secrets': variables({**GOOD, 'secretUrl': 's'})}, 'properties.secrets[1].valueSecretReference.secretUrl'),
    ({'nodeSetup': {'setupTask': {'secrets': variables(ELSEWHERE)}}},
     'properties.nodeSetup.setupTask.secrets[1].valueSecretReference.secretUrl'),
    (registry(username='u', passwordSecretReference=ELSEWHERE),
     'properties.containerSettings.imageSourceRegistry.credentials.passwordSecretReference.secretUrl')])
def test_a_reference_that_could_never_be_resolved_is_refused_with_its_path(properties, target):
    with pytest.raises(ArmError) as refusal:
        check_secret_references(properties)
    assert (refusal.value.status, refusal.value.target) == (400, target)
    assert refusal.value.message.startswith(f'{target}: ')
