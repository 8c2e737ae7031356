"""Decides who answers: the service this CLI profile is connected to, else Azure."""
from __future__ import annotations

import os
from typing import Any

NO_SUBSCRIPTION = '00000000-0000-0000-0000-000000000000'


def batchai_client(cli_ctx: Any, *_: Any) -> Any:
    """The management client every operation works with."""
    from azure.cli.core.commands.client_factory import get_mgmt_service_client
    from azext_batchai.remote.connection import find_connection
    from azext_batchai.remote.errors import not_connected
    from azext_batchai.remote.management_client import BatchAIClient, TokenCredential

    connection = find_connection(cli_ctx.config.config_dir, os.environ)
    if connection:
        return get_mgmt_service_client(
            cli_ctx, BatchAIClient, subscription_id=subscription_id(cli_ctx),
            credential=TokenCredential(connection.token), base_url=connection.endpoint, connection=connection)
    if not _accounts(cli_ctx):
        raise not_connected()
    return get_mgmt_service_client(cli_ctx, BatchAIClient)


def subscription_id(cli_ctx: Any) -> str:
    """The subscription of --subscription or of the active account; zeros when nobody is logged in."""
    named = cli_ctx.data.get('subscription_id')
    if named:
        return named
    return next((account['id'] for account in _accounts(cli_ctx) if account.get('isDefault')), NO_SUBSCRIPTION)


def _accounts(cli_ctx: Any) -> list[dict[str, Any]]:
    from azure.cli.core._profile import Profile
    return Profile(cli_ctx=cli_ctx).load_cached_subscriptions()
