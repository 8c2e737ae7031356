"""A key vault and a managed identity in one server, for a real az: what it asks for arrives through a proxy.

The proxy does not pass on what is sent to it but answers itself, with a certificate for the vault's own host name.
"""
import json
import socketserver
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from azext_batchai.service import access_tokens
from azext_batchai.service.tls import ensure_certificates

HOST = 'myvault.vault.azure.net'
RESOURCE = 'https://vault.azure.net'
SUBSCRIPTION = '00000000-0000-0000-0000-0000000000aa'
_TENANT = '00000000-0000-0000-0000-000000000001'
_IDENTITY = 'the-header-of-the-identity'
_SIGNED_WITH = 'what-the-tokens-are-signed-with'
_ACCOUNT = {'id': SUBSCRIPTION, 'name': 's', 'state': 'Enabled', 'isDefault': True, 'tenantId': _TENANT,
            'environmentName': 'AzureCloud', 'homeTenantId': _TENANT, 'managedByTenants': [],
            'user': {'name': 'systemAssignedIdentity', 'type': 'servicePrincipal', 'assignedIdentityInfo': 'MSI'}}


class KeyVault:
    """`secrets` are the values by path, ``name`` or ``name/version``; `asked` the paths that a signed-in client asked
    for."""

    def __init__(self, folder):
        self.secrets = {}
        self.asked = []
        self.folder = folder
        folder.mkdir()
        ensure_certificates(folder / 'ca.pem', folder / 'server.pem', HOST, time.time())
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / 'server.pem')
        self._server = _Server(('127.0.0.1', 0), _Handler)
        self._server.vault = self
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def signed_in(self, environment):
        """The environment of an az that is logged in as the identity, in the public cloud."""
        config = self.folder / 'azure'
        config.mkdir()
        (config / 'azureProfile.json').write_text(json.dumps({'installationId': 'x', 'subscriptions': [_ACCOUNT]}))
        proxy = f'http://127.0.0.1:{self._server.server_address[1]}'
        return {**environment, 'AZURE_CONFIG_DIR': str(config), 'HTTPS_PROXY': proxy, 'https_proxy': proxy,
                'NO_PROXY': '', 'no_proxy': '', 'REQUESTS_CA_BUNDLE': str(self.folder / 'ca.pem'),
                'IDENTITY_ENDPOINT': f'https://{HOST}/msi/token', 'IDENTITY_HEADER': _IDENTITY}

    def answer(self, path, query, headers):
        """Status, headers and body."""
        if path == '/msi/token':
            if headers.get('x-identity-header') != _IDENTITY:
                return 401, {}, {'statusCode': 401, 'message': 'no'}
            resource = query['resource'][0]
            return 200, {}, {'access_token': access_tokens.issue(_SIGNED_WITH + resource, resource, time.time()),
                             'expires_on': str(int(time.time()) + 3600), 'resource': resource, 'token_type': 'Bearer'}
        token = headers.get('authorization', '').removeprefix('Bearer ')
        if not access_tokens.is_valid(token, _SIGNED_WITH + RESOURCE, time.time()):
            challenge = f'Bearer authorization="https://login.windows.net/{_TENANT}", resource="{RESOURCE}"'
            return 401, {'www-authenticate': challenge}, _error('Unauthorized', 'AKV10000: Request is missing a token.')
        name = path.removeprefix('/secrets/').strip('/')
        self.asked.append(name)
        if name not in self.secrets:
            return 404, {}, _error('SecretNotFound', f'A secret with (name/id) {name} was not found in this key vault. '
                                   'If you recently deleted this secret you may be able to recover it.')
        return 200, {}, {'value': self.secrets[name], 'id': f'https://{HOST}/secrets/{name}',
                         'attributes': {'enabled': True, 'created': 1, 'updated': 1}}


def _error(code, message):
    return {'error': {'code': code, 'message': message}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    vault: KeyVault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_CONNECT(self):
        if self.path != f'{HOST}:443':
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.request = self.server.vault.tls.wrap_socket(self.connection, server_side=True)
        socketserver.StreamRequestHandler.setup(self)
        self.close_connection = False

    def do_GET(self):
        address = urlsplit(self.path)
        status, headers, body = self.server.vault.answer(address.path, parse_qs(address.query), self.headers)
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, 'content-type': 'application/json', 'content-length': len(content)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass
