"""Failures of the wire in the words of the command line: one line, and what to do next."""
from __future__ import annotations

import os
from typing import Any, NoReturn

from azure.cli.core.azclierror import AzCLIError, AzureConnectionError, UnauthorizedError

START = "az batchai service start"
_RETIRED_CODES = frozenset({'InvalidResourceType', 'InvalidResourceNamespace', 'NoRegisteredProviderFound',
                            'MissingSubscriptionRegistration'})
_PARENT_CODES = frozenset({'WorkspaceNotFound', 'ExperimentNotFound', 'ParentResourceNotFound'})
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
    text = f'({body.code}) {body.message}' if body.code else body.message
    target = getattr(body, 'target', None)
    if target and target not in body.message:
        text += f' (at {target})'
    details = [f'{item.code}: {item.message}' for item in getattr(body, 'details', None) or []
               if getattr(item, 'message', None) and item.message not in body.message]
    return ' '.join([text, *details])


def explain(cli_ctx: Any, error: Exception) -> NoReturn:
    """The exception handler of every command: raise `error` as an error of the command line."""
    from azure.core.exceptions import (
        ClientAuthenticationError, HttpResponseError, ServiceRequestError, ServiceResponseError)

    if isinstance(error, AzCLIError):
        raise error
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        raise _unreachable(cli_ctx, error) from error
    if isinstance(error, ClientAuthenticationError) and _endpoint(cli_ctx):
        raise UnauthorizedError(f'The Batch AI service at {_endpoint(cli_ctx)} refused the token. '
                                f"'{START}' connects this profile to the local service again.") from error
    if isinstance(error, HttpResponseError):
        raise _refused(cli_ctx, error) from error
    raise error


def _refused(cli_ctx: Any, error: Any) -> AzCLIError:
    from azure.cli.core.util import get_error_type_by_status_code
    if not _endpoint(cli_ctx) and error_code(error) in _RETIRED_CODES:
        return not_connected()
    return get_error_type_by_status_code(str(error.status_code))(arm_message(error))


def _unreachable(cli_ctx: Any, error: Exception) -> AzCLIError:
    endpoint = _endpoint(cli_ctx)
    if not endpoint:
        return not_connected()
    if 'CERTIFICATE_VERIFY_FAILED' in str(error) or 'certificate verify failed' in str(error):
        return AzureConnectionError(
            f'The certificate of the Batch AI service at {endpoint} is not signed by the authority this profile '
            f"trusts. '{START}' connects it to the local service; for one elsewhere set AZURE_BATCHAI_CA_FILE.")
    return AzureConnectionError(f"The Batch AI service at {endpoint} does not answer. Start it with '{START}'; "
                                "its log: 'az batchai service logs'.")


def _endpoint(cli_ctx: Any) -> str | None:
    from azext_batchai.remote.connection import find_connection
    try:
        connection = find_connection(cli_ctx.config.config_dir, os.environ)
    except AzCLIError:
        return None
    return connection.endpoint if connection else None
