"""The endpoint of a managed identity, as Azure's App Service has it: az, MSAL and azure-identity ask it for tokens."""
from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.identity import identity_header
from azext_batchai.service import access_tokens
from azext_batchai.service.context import Service

_LONGEST_RESOURCE = 256


async def get_token(service: Service, request: Request) -> Response:
    """An access token for whoever has the secret of the identity. Errors look as App Service's do: MSAL reads them."""
    given = request.headers.get('x-identity-header', '')
    if not hmac.compare_digest(given.encode('utf-8', 'replace'), identity_header(service.token).encode()):
        return _refusal(401, "the header X-IDENTITY-HEADER is missing or is not the one of this service; run "
                             "'az batchai service env' again")
    resource = request.query_params.get('resource', '')
    if not 0 < len(resource) <= _LONGEST_RESOURCE:
        return _refusal(400, 'the query parameter resource is missing or too long')
    expiry = int(service.clock()) + access_tokens.LIFETIME_SECONDS
    return JSONResponse({'access_token': access_tokens.issue(service.token, resource, service.clock()),
                         'expires_on': str(expiry), 'resource': resource, 'token_type': 'Bearer'})


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({'statusCode': status, 'message': f'No token: {message}.'}, status)
