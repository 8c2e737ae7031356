import pytest

from azext_batchai.service.errors import ArmError
from azext_batchai.service.handlers.secret_rules import check_secret_pairs

REFERENCE = {'sourceVault': {'id': '/v'}, 'secretUrl': 'https://v/s'}
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
