"""A registry with one image, for those who know the password: the few requests that pulling takes."""
import base64
import gzip
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'


class RegistryServer:
    """`address` is host and port. `asked` are the paths that were asked for with the right password."""

    def __init__(self, layer, name, username, password):
        self._name = name
        self._word = base64.b64encode(f'{username}:{password}'.encode()).decode()
        config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {
            'type': 'layers', 'diff_ids': [_digest(layer)]}}).encode()
        packed = gzip.compress(layer, 1)
        self._blobs = {_digest(blob): blob for blob in (config, packed)}
        self._manifest = json.dumps({
            'schemaVersion': 2, 'mediaType': _MANIFEST,
            'config': {'mediaType': 'application/vnd.docker.container.image.v1+json', 'size': len(config),
                       'digest': _digest(config)},
            'layers': [{'mediaType': 'application/vnd.docker.image.rootfs.diff.tar.gzip', 'size': len(packed),
                        'digest': _digest(packed)}]}).encode()
        self.asked = []
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), self._handler())
        self.address = f'127.0.0.1:{self._server.server_address[1]}'
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path, word):
        """Status, headers and body."""
        if word != f'Basic {self._word}':
            return 401, {'WWW-Authenticate': 'Basic realm="test"'}, b'{"errors": [{"code": "UNAUTHORIZED"}]}'
        self.asked.append(path)
        kind, _, last = path.removeprefix(f'/v2/{self._name}/').partition('/')
        if path == '/v2/':
            return 200, {}, b'{}'
        if kind == 'manifests':
            return 200, {'Content-Type': _MANIFEST, 'Docker-Content-Digest': _digest(self._manifest)}, self._manifest
        if kind == 'blobs' and last in self._blobs:
            return 200, {'Content-Type': 'application/octet-stream'}, self._blobs[last]
        return 404, {}, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'

    def _handler(registry):  # noqa: N805 - the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, body = registry.answer(self.path, self.headers.get('Authorization'))
                self.send_response(status)
                for name, value in {**headers, 'Content-Length': str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == 'GET':
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass
        return Handler


def _digest(content):
    return f'sha256:{hashlib.sha256(content).hexdigest()}'
