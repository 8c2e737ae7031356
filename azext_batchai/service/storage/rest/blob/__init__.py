"""Blob Storage over the folders of containers: block and append blobs. `routes.handle` answers every request."""
from azext_batchai.service.storage.rest.blob.routes import handle

__all__ = ['handle']
