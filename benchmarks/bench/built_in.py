"""A profile in which az's own batchai module, without our extension, is a client of our service.

az is told of a cloud whose resource manager is the service, and of an account that is a managed identity; a small HTTP
server on loopback plays the identity endpoint and hands out the token of the service.
"""
from __future__ import annotations

import json
import os
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Iterator

SUBSCRIPTION = '00000000-0000-0000-0000-000000000000'
_TENANT = '00000000-0000-0000-0000-000000000001'
_CLOUD = 'BatchAI'


@contextmanager
def built_in_profile(config_dir: Path, data_dir: Path) -> Iterator[dict[str, str]]:
    """The environment for az while the context lasts. `data_dir` is that of the running service."""
    state = json.loads((data_dir / 'service.json').read_text('utf-8'))
    token = Path(state['tokenFile']).read_text('ascii').strip()
    server = ThreadingHTTPServer(('127.0.0.1', 0), _identity_endpoint(token))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _write_profile(config_dir, state['endpoint'])
    try:
        yield {**os.environ, 'AZURE_CONFIG_DIR': str(config_dir), 'AZURE_EXTENSION_DIR': str(config_dir / 'none'),
               'REQUESTS_CA_BUNDLE': state['caFile'], 'IDENTITY_HEADER': 'benchmark',
               'IDENTITY_ENDPOINT': f'http://127.0.0.1:{server.server_port}/token',
               'AZURE_CORE_COLLECT_TELEMETRY': 'no', 'AZURE_CORE_SURVEY_MESSAGE': 'no'}
    finally:
        server.shutdown()


def _identity_endpoint(token: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({'access_token': token, 'token_type': 'Bearer', 'resource': 'https://management.core/',
                               'expires_on': str(int(time.time()) + 86_400)}).encode()
            self.send_response(200)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""
    return Handler


def _write_profile(config_dir: Path, endpoint: str) -> None:
    config_dir.mkdir(parents=True)
    (config_dir / 'config').write_text(f'[cloud]\nname = {_CLOUD}\n')
    (config_dir / 'clouds.config').write_text(
        f'[{_CLOUD}]\nprofile = latest\nendpoint_resource_manager = {endpoint}\nendpoint_management = {endpoint}\n'
        f'endpoint_active_directory = https://login.invalid\nsuffix_storage_endpoint = core.windows.net\n'
        f'endpoint_active_directory_resource_id = https://management.core/\n')
    (config_dir / 'azureProfile.json').write_text(json.dumps({'installationId': 'benchmark', 'subscriptions': [{
        'id': SUBSCRIPTION, 'name': 'benchmark', 'state': 'Enabled', 'isDefault': True, 'tenantId': _TENANT,
        'environmentName': _CLOUD, 'homeTenantId': _TENANT, 'managedByTenants': [],
        'user': {'name': 'systemAssignedIdentity', 'type': 'servicePrincipal', 'assignedIdentityInfo': 'MSI'}}]}))
