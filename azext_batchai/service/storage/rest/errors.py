"""Errors of the storage services, raised anywhere and turned into a reply by `dispatch`. Codes are those of Azure."""
from __future__ import annotations

from typing import Mapping

from azext_batchai.service.storage.rest import xml


class StorageError(Exception):
    """A request cannot be served. `headers` is what the reply has besides the usual; `details` are elements of the
    body besides Code and Message, by name."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None,
                 details: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.details = dict(details or {})

    def body(self) -> bytes:
        return xml.document('Error', {'Code': self.code, 'Message': self.message, **self.details})


# Code -> status and text, for errors whose text needs to name nothing.
_KNOWN = {
    'AccountNotFound': (404, 'There is no such storage account.'),
    'AuthenticationFailed': (403, 'The request is not signed with a key of this account, or its signature does not '
                                  'fit or has expired.'),
    'AuthorizationFailure': (403, 'A signed link of this kind does not permit this operation.'),
    'AuthorizationPermissionMismatch': (403, 'The signed link does not have the permission for this operation.'),
    'AuthorizationProtocolMismatch': (403, 'The signed link is not for this protocol.'),
    'AuthorizationResourceTypeMismatch': (403, 'The signed link is not for resources of this type.'),
    'AuthorizationServiceMismatch': (403, 'The signed link is not for this service.'),
    'AuthorizationSourceIPMismatch': (403, 'The signed link is not for clients at this address.'),
    'BlobAlreadyExists': (409, 'There is a blob of this name already.'),
    'BlobNotFound': (404, 'There is no such blob.'),
    'CannotVerifyCopySource': (403, 'The source of the copy cannot be read: it is not signed, or is not there.'),
    'ConditionNotMet': (412, 'A condition in the headers of the request does not hold.'),
    'ContainerAlreadyExists': (409, 'There is a container of this name already.'),
    'ContainerNotFound': (404, 'There is no such container.'),
    'DirectoryNotEmpty': (409, 'The directory is not empty.'),
    # Clients try again for minutes what is answered with 507.
    'InsufficientStorage': (413, 'The disk of the service is full; nothing of this request was kept.'),
    'InternalError': (500, 'The service failed on this request; its log has the details.'),
    'InvalidUri': (400, 'The address of the request is not one of this service.'),
    'InvalidXmlDocument': (400, 'The body of the request is not the XML that is expected.'),
    'Md5Mismatch': (400, 'The MD5 of the body is not the one its header says.'),
    'MissingContentLengthHeader': (411, 'The header Content-Length is missing.'),
    'NoAuthenticationInformation': (401, 'The request has no Authorization header, and no signature in its address.'),
    'OperationTimedOut': (408, 'The body of the request did not arrive in time.'),
    'ParentNotFound': (404, 'The directory above does not exist.'),
    'RequestBodyTooLarge': (413, 'The body of the request is too large.'),
    'ResourceAlreadyExists': (409, 'There is a file or directory of this name already.'),
    'ResourceNotFound': (404, 'There is no such file or directory.'),
    'ResourceTypeMismatch': (409, 'There is a directory in the place of the file, or a file in that of a directory.'),
    'ShareAlreadyExists': (409, 'There is a share of this name already.'),
    'ShareNotFound': (404, 'There is no such share.'),
    'UnsupportedHttpVerb': (405, 'The resource has no such method.'),
}


def known(code: str, headers: Mapping[str, str] | None = None) -> StorageError:
    """One of the errors whose status and text the code alone decides."""
    status, message = _KNOWN[code]
    return StorageError(status, code, message, headers)


def invalid_header(name: str, problem: str) -> StorageError:
    """`problem` ends a sentence that begins with the name of the header, such as ``should be a number``."""
    return StorageError(400, 'InvalidHeaderValue', f'The header {name} {problem}.', details={'HeaderName': name})


def missing_header(name: str) -> StorageError:
    return StorageError(400, 'MissingRequiredHeader', f'The header {name} is missing.', details={'HeaderName': name})


def invalid_query(name: str, problem: str) -> StorageError:
    return StorageError(400, 'InvalidQueryParameterValue', f'The query parameter {name} {problem}.',
                        details={'QueryParameterName': name})


def invalid_name(problem: str) -> StorageError:
    """`problem` is a whole sentence. 400, for a name that no share, container, blob or file can have."""
    return StorageError(400, 'InvalidResourceName', problem)


def invalid_range(size: int) -> StorageError:
    """416, for a range that begins at or behind the end of what has `size` bytes."""
    return StorageError(416, 'InvalidRange', 'The range begins behind the end.', {'content-range': f'bytes */{size}'})


def not_supported(what: str) -> StorageError:
    """400 rather than 501, which clients try again. `what` begins the sentence, for example ``Page blobs``."""
    return StorageError(400, 'FeatureNotSupported', f'{what} are not supported by this service.')
