"""Checks and completion of single arguments, before a command runs."""
from __future__ import annotations

import os
import re
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from typing import Any, Callable

from azure.cli.core.azclierror import ArgumentUsageError, InvalidArgumentValueError, RequiredArgumentMissingError

from knack.validators import DefaultStr

from azext_batchai import _flat_ids, _line_hints
from azext_batchai.arm import ids

Validator = Callable[[Namespace], None]

_ACCOUNT_NAME = re.compile('[A-Za-z0-9-]+')
_SHARE_NAME = re.compile(r'[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]')
_INT32 = 2**31 - 1  # what the wire carries


class NameOnce(Action):
    """A name with several spellings of its option; two different names are a mistake, not a choice of the last one."""

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Any, option_string: str | None = None
                 ) -> None:
        earlier = getattr(namespace, self.dest, None)
        if earlier not in (None, values):
            raise ArgumentUsageError(
                f"This command takes one name, but '{earlier}' and '{values}' are given; an experiment of workspace "
                f"'{earlier}' is shown by: az batchai experiment show -w {earlier} -n {values}")
        setattr(namespace, self.dest, values)


def group_validator(required: bool, collection: str | None = None) -> Validator:
    """Checks --resource-group. An empty one means every group for lists, and is a mistake elsewhere.

    `collection` is what resource ids after --ids have to name, for example ``clusters``.
    """
    def validate(namespace: Namespace) -> None:
        _line_hints.warn_of_mixed_dialects(namespace)
        for resource_id in getattr(namespace, '_ids', None) or []:
            _check_id(resource_id, str(collection))
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
    return _name_validator(attribute, option, ids.is_valid_name, ids.NAME_RULE)


def known_name_validator(attribute: str, option: str) -> Validator:
    """Checks the name of a cluster, job or file server that is there already: older API versions allowed dots."""
    return _name_validator(attribute, option, ids.is_valid_flat_name, ids.FLAT_NAME_RULE)


def _name_validator(attribute: str, option: str, is_valid: Callable[[str], bool], rule: str) -> Validator:
    def validate(namespace: Namespace) -> None:
        name = getattr(namespace, attribute)
        if name == '':
            raise InvalidArgumentValueError(f'{option} must not be empty.')
        if name == _flat_ids.ANY:
            setattr(namespace, attribute, None)
        elif name is not None and not is_valid(name):
            raise InvalidArgumentValueError(f"{option} '{name}' is not a valid name: {rule}.")
    return validate


def refuse(attribute: str, advice: str) -> Validator:
    """Refuses an option that people wrote where it has no meaning. `advice` may quote {group} and {value}."""
    def validate(namespace: Namespace) -> None:
        value = getattr(namespace, attribute)
        delattr(namespace, attribute)
        if value is not None:
            raise ArgumentUsageError('This command ' + advice.format(group=namespace.resource_group, value=value))
    return validate


def path_validator(namespace: Namespace) -> None:
    """Checks --path, which stays below the output directory."""
    if namespace.path and '..' in namespace.path.replace('\\', '/').split('/'):
        raise InvalidArgumentValueError(f"--path/-p '{namespace.path}' leaves the output directory; write a path below "
                                        'it, without ..')


def filled(attribute: str, option: str) -> Validator:
    """Refuses an empty value, as of a shell variable that is not set; it is not the same as no option."""
    def validate(namespace: Namespace) -> None:
        if getattr(namespace, attribute) == '':
            raise InvalidArgumentValueError(f'{option} must not be empty.')
    return validate


def account_name(namespace: Namespace) -> None:
    """Checks --storage-account-name, which becomes a part of addresses."""
    filled('storage_account_name', '--storage-account-name')(namespace)
    name = namespace.storage_account_name
    if name is not None and not _ACCOUNT_NAME.fullmatch(name):
        raise InvalidArgumentValueError(f"--storage-account-name '{name}' is not the name of a storage account: "
                                        'letters, digits and - only, for example mystorage.')


def share_or_container(namespace: Namespace) -> None:
    """Checks --storage-account, --share and --container of `service mount`, which become parts of addresses."""
    filled('storage_account', '--storage-account')(namespace)
    given = {option: value for option, value in (('--share', namespace.share), ('--container', namespace.container))
             if value is not None}
    if len(given) != 1:
        raise RequiredArgumentMissingError('Say what the folder is: --share NAME or --container NAME, one of the two.')
    for option, name in given.items():
        if not _SHARE_NAME.fullmatch(name):
            raise InvalidArgumentValueError(
                f"{option} '{name}' is not a valid name: 3 to 63 lower-case letters, digits and single hyphens, "
                'beginning and ending with a letter or digit.')


def group_of_account(namespace: Namespace) -> None:
    """Checks --resource-group of `service env`."""
    if namespace.resource_group is not None and namespace.storage_account is None:
        raise RequiredArgumentMissingError('--resource-group/-g is that of a storage account; add --storage-account '
                                           'NAME, or leave it out.')


def other_group_validator(attribute: str, option: str) -> Validator:
    """Checks --nfs-resource-group or --cluster-resource-group."""
    def validate(namespace: Namespace) -> None:
        filled(attribute, option)(namespace)
        group = getattr(namespace, attribute)
        if group:
            _check_group(group, option)
    return validate


def nfs_group(namespace: Namespace) -> None:
    other_group_validator('nfs_resource_group', '--nfs-resource-group')(namespace)
    if namespace.nfs_resource_group and namespace.nfs is None:
        raise ArgumentUsageError(f'--nfs-resource-group {namespace.nfs_resource_group} needs --nfs as well.')


def show_dry_run(namespace: Namespace) -> None:
    """az prints nothing of a command with --no-wait; with --dry-run there is nothing to wait for."""
    if namespace.dry_run:
        namespace.no_wait = False


def in_turn(namespace: Namespace) -> None:
    """Has a command that somebody watches run for one of several --ids after the other.

    az runs them in threads otherwise, where Ctrl-C ends nothing and outputs mix.
    """
    if len(getattr(namespace, '_ids', None) or []) > 1:
        os.environ['AZURE_CORE_DISABLE_CONCURRENT_IDS'] = 'true'


def sort_out_c(namespace: Namespace) -> None:
    """`job create -c`: the config file in 2017 and 2018-03, the cluster in 2018-05, which has -f for the file."""
    from azext_batchai.payloads.config_file import refuse_content
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


def sort_out_e(namespace: Namespace) -> None:
    """`list-files -e`: the link's expiry in minutes in 2018-03, the experiment in 2018-05, which has a workspace."""
    value = namespace.experiment_or_expiry
    del namespace.experiment_or_expiry
    if value is None:
        return
    if not namespace.workspace and value.isdigit():
        try:
            namespace.expiry = expiry_minutes(value)
        except ArgumentTypeError as error:
            raise InvalidArgumentValueError(f'-e {error}.') from None
        return
    if namespace.experiment is not None:
        raise ArgumentUsageError('-e is one too many beside --experiment.')
    namespace.experiment = value
    name_validator('experiment', '--experiment/-e')(namespace)


def location(text: str) -> str:
    """``East US`` is ``eastus``. A configured default stays known as one: a config file comes before it."""
    normalized = ids.normalize_location(text)
    return DefaultStr(normalized) if isinstance(text, DefaultStr) else normalized


def count(text: str) -> int:
    """A number of nodes: 0 or more."""
    return _whole_number(text, 0)


def positive(text: str) -> int:
    return _whole_number(text, 1)


def seconds(text: str) -> float:
    """A time to wait: more than 0, fractions allowed."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= _INT32:
        raise ArgumentTypeError(f"'{text}' should be a number of seconds above 0")
    return number


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


def _check_id(resource_id: str, collection: str) -> None:
    try:
        found = ids.parse_resource_id(resource_id.replace(_flat_ids.ANY, 'x'))
    except ValueError:
        found = None
    if found is None or found.path[-1][0].lower() != collection.lower():
        raise InvalidArgumentValueError(f"--ids '{resource_id}' should be the id of one of the {collection}.")
