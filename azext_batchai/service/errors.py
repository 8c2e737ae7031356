"""The ARM errors this service answers with, one function each. Handlers raise them; `app` turns them into replies.

Codes and texts follow the wire facts sheet, section 14, where the real service was seen; the rest is ARM habit.
"""
from __future__ import annotations

from typing import Any

_TITLES = {'workspaces': 'workspace', 'clusters': 'cluster', 'experiments': 'experiment', 'jobs': 'job',
           'fileServers': 'file server'}
_CODES = {'workspaces': 'WorkspaceNotFound', 'clusters': 'ClusterNotFound', 'experiments': 'ExperimentNotFound',
          'jobs': 'JobNotFound', 'fileServers': 'FileServerNotFound'}


class ArmError(Exception):
    """A request cannot be served; `status` is the HTTP status."""

    def __init__(self, status: int, code: str, message: str, target: str | None = None,
                 details: list[dict[str, Any]] | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = details

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {'code': self.code, 'message': self.message}
        if self.target:
            error['target'] = self.target
        if self.details:
            error['details'] = self.details
        return {'error': error}


def not_found(collection: str, name: str) -> ArmError:
    """`collection` is the last one of the path, for example ``clusters``."""
    return ArmError(404, _CODES[collection], f'The specified {_TITLES[collection]} {name} is not found')


def resource_group_not_found(name: str) -> ArmError:
    return ArmError(404, 'ResourceGroupNotFound', f"Resource group '{name}' could not be found.")


def invalid_property(target: str, problem: str) -> ArmError:
    return ArmError(400, 'InvalidPropertyValue', f'{target}: {problem}' if target else problem, target or None)


def invalid_body(problem: str) -> ArmError:
    return ArmError(400, 'InvalidRequestContent', f'The request content was invalid: {problem}')


def invalid_name(what: str, name: str, rule: str) -> ArmError:
    return ArmError(400, 'InvalidResourceName', f"The {what} name '{name}' is not valid; it should be {rule}", what)


def invalid_parameter(name: str, problem: str) -> ArmError:
    return ArmError(400, 'InvalidParameterValue', f"The query parameter '{name}' {problem}", name)


def not_supported(target: str, problem: str) -> ArmError:
    return ArmError(400, 'NotSupported', f'{target}: {problem}', target)


def conflict(code: str, message: str) -> ArmError:
    return ArmError(409, code, message)


def being_deleted(collection: str, name: str) -> ArmError:
    """`collection` as of `not_found`."""
    title = _TITLES[collection]
    return conflict(f"{title.title().replace(' ', '')}BeingDeleted", f'The {title} {name} is being deleted.')


def no_setup_task(cluster: str) -> ArmError:
    return ArmError(404, 'SetupTaskNotFound', f'The cluster {cluster} has no set-up task, so there is no output of one')


def missing_api_version() -> ArmError:
    return ArmError(400, 'MissingApiVersionParameter',
                    'The api-version query parameter (?api-version=) is required for all requests.')


def unknown_api_version(version: str, supported: tuple[str, ...]) -> ArmError:
    return ArmError(400, 'NoRegisteredProviderFound',
                    f"No registered resource provider found for API version '{version}'. "
                    f"The supported api-versions are '{', '.join(supported)}'.")


def unauthorized() -> ArmError:
    return ArmError(401, 'AuthenticationFailed',
                    'Authentication failed. The Authorization header is missing or its token is not the one of this '
                    'service.')


def forbidden_host(host: str) -> ArmError:
    return ArmError(403, 'HostNotAllowed', f"Requests for host '{host[:100]}' are not answered by this service.")


def unknown_route(path: str) -> ArmError:
    return ArmError(404, 'InvalidResourceType', f"The resource type of '{path[:200]}' could not be found in the "
                                                "namespace 'Microsoft.BatchAI'.")


def method_not_allowed(method: str) -> ArmError:
    return ArmError(405, 'MethodNotAllowed', f'The method {method} is not allowed for this resource.')


def too_large(limit: int) -> ArmError:
    return ArmError(413, 'RequestEntityTooLarge', f'The request body is larger than {limit} bytes.')


def too_slow(seconds: float) -> ArmError:
    return ArmError(408, 'RequestTimeout', f'The request body did not arrive within {seconds:g} seconds.')


def link_refused() -> ArmError:
    return ArmError(403, 'AuthenticationFailed', 'The signature of the link is missing, wrong or expired.')


def internal(request_id: str) -> ArmError:
    return ArmError(500, 'InternalServerError',
                    f'The service failed on this request; its log has the details under request id {request_id}.')
