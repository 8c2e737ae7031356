"""The ARM errors this service answers with, one function each. Handlers raise them; `app` turns them into replies.

Codes and texts follow the wire facts sheet, section 14, where the real service was seen; the rest is ARM habit.
"""
from __future__ import annotations

from typing import Any, Sequence

_TITLES = {'workspaces': 'workspace', 'clusters': 'cluster', 'experiments': 'experiment', 'jobs': 'job',
           'fileServers': 'file server'}
_CODES = {'workspaces': 'WorkspaceNotFound', 'clusters': 'ClusterNotFound', 'experiments': 'ExperimentNotFound',
          'jobs': 'JobNotFound', 'fileServers': 'FileServerNotFound'}


class ArmError(Exception):
    """A request cannot be served; `status` is the HTTP status and `headers` what the reply has besides the usual."""

    def __init__(self, status: int, code: str, message: str, target: str | None = None,
                 details: list[dict[str, Any]] | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = details
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {'code': self.code, 'message': self.message}
        if self.target:
            error['target'] = self.target
        if self.details:
            error['details'] = self.details
        return {'error': error}


class GatewayError(ArmError):
    """What the front door of ARM answers by itself; clients tell by the header."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(status, code, message)
        self.headers = {'x-ms-failure-cause': 'gateway'}


def not_found(collection: str, name: str) -> ArmError:
    """`collection` is the last one of the path, for example ``clusters``."""
    return ArmError(404, _CODES[collection], f'The specified {_TITLES[collection]} {name} is not found')


def resource_group_not_found(name: str) -> ArmError:
    return ArmError(404, 'ResourceGroupNotFound', f"Resource group '{name}' could not be found.")


def invalid_property(target: str, problem: str, details: list[dict[str, Any]] | None = None) -> ArmError:
    return ArmError(400, 'InvalidPropertyValue', f'{target}: {problem}' if target else problem, target or None, details)


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


def precondition_failed(header: str, problem: str) -> ArmError:
    return ArmError(412, 'PreconditionFailed', f'The condition of the header {header} does not hold: {problem}.',
                    header)


def missing_api_version() -> ArmError:
    return GatewayError(400, 'MissingApiVersionParameter',
                        'The api-version query parameter (?api-version=) is required for all requests.')


def unknown_api_version(version: str, supported: Sequence[str], locations: Sequence[str]) -> ArmError:
    return GatewayError(400, 'NoRegisteredProviderFound',
                        f"No registered resource provider found for API version '{version}'. "
                        f"The supported api-versions are '{', '.join(supported)}'. "
                        f"The supported locations are '{', '.join(locations)}'.")


def unknown_location(location: str, version: str, kind: str, versions: Sequence[str], locations: Sequence[str]
                     ) -> ArmError:
    return GatewayError(400, 'NoRegisteredProviderFound',
                        f"No registered resource provider found for location '{location[:64]}' and API version "
                        f"'{version[:40]}' for type '{kind}'. The supported api-versions are '{', '.join(versions)}'. "
                        f"The supported locations are '{', '.join(locations)}'.")


def invalid_subscription(subscription: str) -> ArmError:
    return GatewayError(400, 'InvalidSubscriptionId', f"The subscription id '{subscription[:64]}' is not a GUID.")


def unknown_namespace(namespace: str) -> ArmError:
    return GatewayError(404, 'InvalidResourceNamespace', f"The resource namespace '{namespace[:64]}' is invalid.")


def unknown_type(kind: str, namespace: str, version: str, versions: Sequence[str]) -> ArmError:
    return GatewayError(404, 'InvalidResourceType',
                        f"The resource type '{kind[:200]}' could not be found in the namespace '{namespace}' for api "
                        f"version '{version[:40]}'. The supported api-versions are '{', '.join(versions)}'.")


def unauthorized() -> ArmError:
    error = GatewayError(401, 'AuthenticationFailed',
                         'Authentication failed. The Authorization header is missing or its token is not one of this '
                         'service, or has expired.')
    error.headers['www-authenticate'] = 'Bearer realm="batchai"'
    return error


def forbidden_host(host: str) -> ArmError:
    return ArmError(403, 'HostNotAllowed', f"Requests for host '{host[:100]}' are not answered by this service.")


def forbidden_origin() -> ArmError:
    return ArmError(403, 'OriginNotAllowed', 'Requests that web pages make are not answered by this service.')


def unknown_route(path: str) -> ArmError:
    return GatewayError(404, 'InvalidResourceType', f"The resource type of '{path[:200]}' could not be found.")


def method_not_allowed(method: str, allowed: Sequence[str]) -> ArmError:
    error = GatewayError(405, 'MethodNotAllowed', f'The method {method} is not allowed for this resource; it has '
                                                  f"{', '.join(allowed)}.")
    error.headers['allow'] = ', '.join(allowed)
    return error


def too_large(limit: int) -> ArmError:
    return ArmError(413, 'RequestEntityTooLarge', f'The request body is larger than {limit} bytes.')


def too_slow(seconds: float) -> ArmError:
    return ArmError(408, 'RequestTimeout', f'The request body did not arrive within {seconds:g} seconds.')


def link_refused() -> ArmError:
    return ArmError(403, 'AuthenticationFailed', 'The signature of the link is missing, wrong or expired.')


def cannot_store() -> ArmError:
    return ArmError(507, 'InsufficientStorage', 'The service cannot write to its data folder, whose disk is full or '
                    'read-only. Nothing was changed; make room there and try again.')


def internal(request_id: str) -> ArmError:
    return ArmError(500, 'InternalServerError',
                    f'The service failed on this request; its log has the details under request id {request_id}.')
