"""Failures of the wire in the words of the command line: one line, and what to do next."""
from __future__ import annotations

import os
from typing import Any, NoReturn

from azure.cli.core.azclierror import AzCLIError, AzureConnectionError, ResourceNotFoundError, UnauthorizedError
from knack.log import get_logger

from azext_batchai.remote.connection import (
    CA_FILE_VARIABLE, ENDPOINT_VARIABLE, TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, Connection, find_connection)
from azext_batchai.remote.exit_status import SEVERAL_IDS, exit_with

logger = get_logger(__name__)

START = "az batchai service start"
# Query parameters that the user knows as an option.
_OPTIONS = {'outputdirectoryid': '--output-directory-id/-d', 'directory': '--path/-p'}
_UNSET = f"unset {ENDPOINT_VARIABLE} to use the service of this profile"
_RETIRED_CODES = frozenset({'InvalidResourceType', 'InvalidResourceNamespace', 'NoRegisteredProviderFound',
                            'MissingSubscriptionRegistration'})
_PARENT_CODES = frozenset({'WorkspaceNotFound', 'ExperimentNotFound', 'ParentResourceNotFound'})
# What cannot be found, and whose list shows what can.
_LISTED = {'WorkspaceNotFound': 'workspace', 'ExperimentNotFound': 'experiment'}
_GONE_CODES = frozenset({'JobNotFound', *_PARENT_CODES})


def not_connected() -> AzCLIError:
    return AzureConnectionError("No Batch AI service is connected (Azure's own was retired in 2019). "
                                f"Start one with '{START}'.")


def error_code(error: Exception) -> str:
    """The ARM code of a failed request, for example ``WorkspaceNotFound``; empty when there is none."""
    return getattr(getattr(error, 'error', None), 'code', None) or ''


def is_missing_parent(error: Exception) -> bool:
    """Whether a request failed because the workspace or experiment it is for does not exist."""
    return error_code(error) in _PARENT_CODES


def is_job_gone(error: Exception) -> bool:
    return error_code(error) in _GONE_CODES


def arm_message(error: Exception) -> str:
    """``(code) message``, with the target where the message does not name it, and the details."""
    body = getattr(error, 'error', None)
    if body is None or not getattr(body, 'message', None):
        return getattr(error, 'message', None) or str(error)
    target = getattr(body, 'target', None)
    message = body.message
    if target in _OPTIONS:
        message = message.replace(f"The query parameter '{target}'", _OPTIONS[target])
    text = f'({body.code}) {message}' if body.code else message
    if target and target not in body.message:
        text += f' (at {target})'
    details = [f'{item.code}: {item.message}' for item in getattr(body, 'details', None) or []
               if getattr(item, 'message', None) and item.message not in body.message]
    return ' '.join([text, *details])


def explain(cli_ctx: Any, error: Exception) -> NoReturn:
    """The exception handler of every command: raise `error` as an error of the command line."""
    from azure.core.exceptions import (
        ClientAuthenticationError, HttpResponseError, ServiceRequestError, ServiceResponseError)

    said = error
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        said = _unreachable(cli_ctx, error)
    elif isinstance(error, ClientAuthenticationError) and (connection := _connection(cli_ctx)):
        said = _token_refused(connection)
    elif isinstance(error, HttpResponseError):
        said = _refused(cli_ctx, error)
    if cli_ctx.data.get(SEVERAL_IDS):
        _fail_for_one(cli_ctx, said)
    if said is error:
        raise error
    raise said from error


def _fail_for_one(cli_ctx: Any, error: Exception) -> None:
    """az exits with 0 when a command worked for one of several --ids, and says what went wrong in warnings only."""
    exit_with(cli_ctx, 3 if isinstance(error, ResourceNotFoundError) else 1)
    if cli_ctx.only_show_errors:
        logger.error(error)


def _refused(cli_ctx: Any, error: Any) -> AzCLIError:
    from azure.cli.core.util import get_error_type_by_status_code
    if error_code(error) in _RETIRED_CODES and not _connection(cli_ctx):
        return not_connected()
    noun = _LISTED.get(error_code(error))
    hint = f"; 'az batchai {noun} list' shows those there are" if noun else ''
    return get_error_type_by_status_code(str(error.status_code))(arm_message(error) + hint)


def _token_refused(connection: Connection) -> AzCLIError:
    if connection.is_of_environment:
        return UnauthorizedError(f'The Batch AI service at {connection.endpoint} refused the token of '
                                 f'{TOKEN_FILE_VARIABLE} or {TOKEN_VARIABLE}. Set it to that of this service, or '
                                 f'{_UNSET}.')
    return UnauthorizedError(f'The Batch AI service at {connection.endpoint} refused the token. '
                             f"'{START}' connects this profile to the local service again.")


def _unreachable(cli_ctx: Any, error: Exception) -> AzCLIError:
    connection = _connection(cli_ctx)
    if not connection:
        return not_connected()
    if 'CERTIFICATE_VERIFY_FAILED' in str(error) or 'certificate verify failed' in str(error):
        return _certificate_refused(connection)
    if connection.is_of_environment:
        return AzureConnectionError(f'The Batch AI service at {connection.endpoint} does not answer. Correct '
                                    f'{ENDPOINT_VARIABLE}, which names it, or {_UNSET}.')
    return AzureConnectionError(f"The Batch AI service at {connection.endpoint} does not answer. Start it with "
                                f"'{START}'; its log: 'az batchai service logs'.")


def _certificate_refused(connection: Connection) -> AzCLIError:
    problem = f'The certificate of the Batch AI service at {connection.endpoint} is not signed by the authority '
    if connection.is_of_environment:
        return AzureConnectionError(f'{problem}of {CA_FILE_VARIABLE}. Set it to the ca.pem of this service, or '
                                    f'{_UNSET}.')
    return AzureConnectionError(f"{problem}this profile trusts. '{START}' connects it to the local service; for one "
                                f'elsewhere set {ENDPOINT_VARIABLE} and {CA_FILE_VARIABLE}.')


def _connection(cli_ctx: Any) -> Connection | None:
    try:
        return find_connection(cli_ctx.config.config_dir, os.environ)
    except AzCLIError:
        return None
