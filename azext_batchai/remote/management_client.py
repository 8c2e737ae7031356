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
        _LOGGER.debug('Response body: %s', redaction.masked_body(http.text()) or '(none)')


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
        redaction.hide_signatures()
        options['logging_policy'] = RedactingLoggingPolicy()
        options.update(retry_total=1, retry_connect=0, retry_backoff_factor=0.2)
        options.update(connection_timeout=10, read_timeout=120)
        if connection:
            # az puts REQUESTS_CA_BUNDLE in here, which knows nothing of the service's own authority.
            options['connection_verify'] = connection.ca_file or True
            options['use_env_settings'] = not connection.is_loopback
        super().__init__(credential, subscription_id, base_url=base_url, **options)
        self.connection = connection
