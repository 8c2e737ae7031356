from azext_batchai.service.handlers.secret_values import take_secrets


def test_values_of_variables_and_the_password_of_a_registry_are_kept_apart():
    credentials = {'username': 'u', 'password': 'p'}
    kept, secrets = take_secrets({
        'secrets': [{'name': 'A', 'value': '1'}, {'name': 'B', 'valueSecretReference': {'secretUrl': 'x'}}],
        'containerSettings': {'imageSourceRegistry': {'image': 'i', 'credentials': credentials}}})
    assert kept == {'secrets': [{'name': 'A'}, {'name': 'B', 'valueSecretReference': {'secretUrl': 'x'}}],
                    'containerSettings': {'imageSourceRegistry': {'image': 'i', 'credentials': {'username': 'u'}}}}
    assert secrets == {'A': '1', 'containerSettings.password': 'p'}
    assert credentials['password'] == 'p'


def test_secrets_that_nothing_here_needs_are_dropped():
    kept, secrets = take_secrets({'mountVolumes': {'azureFileShares': [{'credentials': {'accountKey': 'k'}}]},
                                  'userAccountSettings': {'adminUserPassword': 'p', 'adminUserName': 'n'}})
    assert kept == {'mountVolumes': {'azureFileShares': [{'credentials': {}}]},
                    'userAccountSettings': {'adminUserName': 'n'}}
    assert secrets == {}


def test_a_reference_to_the_password_stays_in_the_properties():
    block = {'containerSettings': {'imageSourceRegistry': {'image': 'i', 'credentials': {
        'username': 'u', 'passwordSecretReference': {'secretUrl': 'x', 'sourceVault': {'id': 'v'}}}}}}
    assert take_secrets(block) == (block, {})
