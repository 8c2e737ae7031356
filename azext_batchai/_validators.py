"""Checks and completion of single arguments, before a command runs."""
from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from typing import Any, Callable

from azure.cli.core.azclierror import ArgumentUsageError, InvalidArgumentValueError, RequiredArgumentMissingError

from knack.validators import DefaultStr

from azext_batchai.arm import ids
from azext_batchai.payloads.config_file import refuse_content

Validator = Callable[[Namespace], None]

_INT32 = 2**31 - 1  # what the wire carries


def group_validator(required: bool) -> Validator:
    """Checks --resource-group. An empty one means every group for lists, and is a mistake elsewhere."""
    def validate(namespace: Namespace) -> None:
        if namespace.resource_group:
            _check_group(namespace.resource_group, '--resource-group/-g')
        elif required:
            raise RequiredArgumentMissingError('Say which resource group: --resource-group/-g MyResourceGroup, or once '
                                               "for all 'az configure --defaults group=MyResourceGroup'.")
        else:
            namespace.resource_group = None
    return validate


def name_validator(attribute: str, option: str) -> Validator:
    """Checks the name of a Batch AI resource, if one is given."""
    def validate(namespace: Namespace) -> None:
        name = getattr(namespace, attribute)
        if name == '':
            raise InvalidArgumentValueError(f'{option} must not be empty.')
        if name is not None and not ids.is_valid_name(name):
            raise InvalidArgumentValueError(f"{option} '{name}' is not a valid name: {ids.NAME_RULE}.")
    return validate


def filled(attribute: str, option: str) -> Validator:
    """Refuses an empty value, as of a shell variable that is not set; it is not the same as no option."""
    def validate(namespace: Namespace) -> None:
        if getattr(namespace, attribute) == '':
            raise InvalidArgumentValueError(f'{option} must not be empty.')
    return validate


def validate_other_groups(namespace: Namespace) -> None:
    """Checks --nfs-resource-group and --cluster-resource-group."""
    for attribute in ('nfs_resource_group', 'cluster_resource_group'):
        group = getattr(namespace, attribute, None)
        if group:
            _check_group(group, '--' + attribute.replace('_', '-'))


def validate_subnet(namespace: Namespace) -> None:
    subnet = namespace.subnet
    parts = (subnet or '').strip('/').lower().split('/')
    if subnet and (len(parts) != 10 or parts[::2] != [
            'subscriptions', 'resourcegroups', 'providers', 'virtualnetworks', 'subnets']):
        raise InvalidArgumentValueError(
            f"--subnet '{subnet}' should be a resource id: /subscriptions/<id>/resourceGroups/<group>/providers/"
            'Microsoft.Network/virtualNetworks/<network>/subnets/<subnet>.')


def sort_out_c(namespace: Namespace) -> None:
    """`job create -c`: the config file in 2017 and 2018-03, the cluster in 2018-05, which has -f for the file."""
    value = namespace.cluster_or_config
    for option, given in (('-c', value), ('--config-file/-f', namespace.config_file)):
        if given == '':
            raise InvalidArgumentValueError(f'{option} must not be empty.')
        refuse_content(given or '')
    if value is not None:
        if namespace.config_file is None:
            namespace.config_file = value
        elif namespace.cluster is None:
            namespace.cluster = value
        else:
            raise ArgumentUsageError('-c is one too many beside --config-file and --cluster-name.')
    del namespace.cluster_or_config
    if not namespace.config_file:
        raise RequiredArgumentMissingError('Say what the job runs: --config-file/-f job.json (or -c job.json).')


def location(text: str) -> str:
    """``East US`` is ``eastus``. A configured default stays known as one: a config file comes before it."""
    normalized = ids.normalize_location(text)
    return DefaultStr(normalized) if isinstance(text, DefaultStr) else normalized


def count(text: str) -> int:
    """A number of nodes: 0 or more."""
    return _whole_number(text, 0)


def positive(text: str) -> int:
    return _whole_number(text, 1)


def expiry_minutes(text: str) -> int:
    """Validity of a link; the service allows 5 to 600 minutes."""
    return _whole_number(text, 5, 600)


def _whole_number(text: str, least: int, most: int = _INT32) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        limits = f'of {least} or more' if number < least and most == _INT32 else f'from {least} to {most}'
        raise ArgumentTypeError(f"'{text}' should be a whole number {limits}")
    return number


def _check_group(group: Any, option: str) -> None:
    if not ids.is_valid_group(group):
        raise InvalidArgumentValueError(f"{option} '{group}' is not a valid resource group name: {ids.GROUP_RULE}.")
