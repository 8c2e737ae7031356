"""Credentials of a registry, in the file that podman and docker read them from: nothing else has to know them."""
from __future__ import annotations

import base64
import json

from azext_batchai.service.containers.image import DOCKER_HUB

# The name that docker looks for in its folder of settings.
AUTH_FILE = 'config.json'
# Under what docker looks for the credentials of Docker Hub.
_HUB_KEY = 'https://index.docker.io/v1/'


def auth_text(server: str, username: str, password: str) -> str:
    """The content of an AUTH_FILE. A user name such as ``$oauthtoken`` is taken as it is."""
    word = base64.b64encode(f'{username}:{password}'.encode()).decode('ascii')
    keys = (DOCKER_HUB, _HUB_KEY) if server == DOCKER_HUB else (server,)
    return json.dumps({'auths': {key: {'auth': word} for key in keys}})
