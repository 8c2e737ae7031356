"""The client of azure-mgmt-batchai, tuned: it logs no secret and does not wait for a service that is gone."""
from __future__ import annotations

import logging
import time
from typing import Any

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.batchai import BatchAI

from azext_batchai.remote import redaction
from azext_batchai.remote.connection import Connection

_LOGGER = logging.getLogger('cli.azure.batchai.http')  # below the logger whose output --debug shows


class RedactingLoggingPolicy(SansIOHTTPPolicy):
    """Traces requests and replies for --debug, with every secret masked."""

    def on_request(self, request: Any) -> None:
        if not _LOGGER.isEnabledFor(logging.DEBUG):
            return
        http = request.http_request
        _LOGGER.debug('%s %s', http.method, redaction.masked_text(http.url))
        for name, value in redaction.masked_headers(dict(http.headers)).items():
            _LOGGER.debug('    %s: %s', name, value)
        _LOGGER.debug('Request body: %s', redaction.masked_body(http.body) or '(none)')

    def on_response(self, request: Any, response: Any) -> None:
        if not _LOGGER.isEnabledFor(logging.DEBUG):
            return
        http = response.http_response
        _LOGGER.debug('Response: %s %s', http.status_code, http.reason)
        for name, value in redaction.masked_headers(dict(http.headers)).items():
            _LOGGER.debug('    %s: %s', name, value)
        streamed = response.context.options.get('stream')  # it is for somebody else to read
        _LOGGER.debug('Response body: %s', '(streamed)' if streamed
                      else redaction.masked_body(http.text()) or '(none)')


class TokenCredential:
    """Hands out the token of the self-hosted service."""

    def __init__(self, token: str):
        self._token = token

    def get_token(self, *_scopes: str, **_options: Any) -> Any:
        from azure.core.credentials import AccessToken
        return AccessToken(self._token, int(time.time()) + 3600)


class BatchAIClient(BatchAI):
    """`connection` is that of a self-hosted service; without it the client speaks to Azure."""

    def __init__(self, credential: Any, subscription_id: str, base_url: str | None = None,
                 connection: Connection | None = None, **options: Any):
        super().__init__(credential, subscription_id, base_url=base_url, **tuned(options, connection))
        self.connection = connection


def other_client(cli_ctx: Any, client: BatchAIClient, kind: Any) -> Any:
    """A client of another SDK for where `client` leads, in the same subscription.

    `kind` is one of the ``ResourceType`` of az, whose SDKs and API versions differ from release to release.
    """
    from importlib import import_module
    from azure.cli.core.commands.client_factory import get_mgmt_service_client
    from azure.cli.core.profiles import get_api_version
    connection = client.connection
    base: Any = getattr(import_module(kind.import_prefix), kind.client_name)

    class TunedClient(base):
        def __init__(self, credential: Any, subscription_id: str, **options: Any):
            super().__init__(credential, subscription_id, **tuned(options, connection))

    where = dict(credential=TokenCredential(connection.token), base_url=connection.endpoint) if connection else {}
    return get_mgmt_service_client(cli_ctx, TunedClient, subscription_id=client._config.subscription_id,
                                   api_version=get_api_version(cli_ctx, kind), **where)


def tuned(options: dict[str, Any], connection: Connection | None) -> dict[str, Any]:
    """The options of a client with ours in place of those of az."""
    redaction.hide_signatures()
    tuned_options = {**options, 'logging_policy': RedactingLoggingPolicy(), 'retry_total': 1, 'retry_connect': 0,
                     'retry_backoff_factor': 0.2, 'connection_timeout': 10, 'read_timeout': 120}
    if connection:
        # az puts REQUESTS_CA_BUNDLE in here, which knows nothing of the service's own authority.
        tuned_options['connection_verify'] = connection.ca_file or True
        tuned_options['use_env_settings'] = not connection.is_loopback
    return tuned_options
