"""What `--dry-run` shows: the request that would be sent, without its secrets."""
from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from azext_batchai.arm.ids import NAMESPACE
from azext_batchai.remote.arm_requests import BATCHAI_VERSION
from azext_batchai.remote.redaction import masked_body


def dry_run_request(client: Any, method: str, resource_group: str, resource: str, body: dict[str, Any]
                    ) -> dict[str, Any]:
    """The request as ``{'method': ..., 'url': ..., 'body': ...}``, ready for JSON. Nothing is sent.

    `resource` is what follows the namespace in the path, for example ``workspaces/w/clusters/c``.
    """
    path = (f'/subscriptions/{client._config.subscription_id}/resourceGroups/{resource_group}/providers/{NAMESPACE}/'
            f'{resource}')
    url = client._client.format_url(quote(path))
    return {'method': method, 'url': f'{url}?api-version={BATCHAI_VERSION}', 'body': json.loads(masked_body(
        json.dumps(body)))}
