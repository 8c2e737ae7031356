"""The service's own certificate authority, made at the first start: what makes TLS on loopback possible.

The authority's key is used once and never stored; a new one is made when the server's certificate nears its end.
"""
from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from azext_batchai.service.auth import STORAGE_DOMAIN
from azext_batchai.service.durable_files import replace_file

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_LIFETIME = timedelta(days=825)
_RENEW_SECONDS_BEFORE = 30 * 86400
_VALID_BEFORE = timedelta(hours=1)


def ensure_certificates(ca_file: Path, server_file: Path, host: str, now: float) -> None:
    """Make the two files unless they are there and good for another month.

    `server_file` holds key and certificate for `host`, localhost and the loopback addresses, and for the storage
    accounts below localhost; it is private.
    """
    if ca_file.exists() and server_file.exists():
        made = server_file.stat().st_mtime
        renewal = made + _LIFETIME.total_seconds() - _RENEW_SECONDS_BEFORE
        authority = ca_file.read_bytes()
        fit = authority != b'' and server_file.read_bytes().endswith(authority)
        # Made by a clock that was ahead, it is not valid yet.
        if fit and made - _VALID_BEFORE.total_seconds() <= now < renewal and _names(host) <= _stored_names(server_file):
            return
    _make(ca_file, server_file, host)


def _names(host: str) -> set[str]:
    return {'localhost', '127.0.0.1', '::1', host, *(f'*.{kind}.{STORAGE_DOMAIN}' for kind in ('blob', 'file'))}


def _stored_names(server_file: Path) -> set[str]:
    """The names the certificate was made for; they stand in the file's first line, so that no parser is needed."""
    with open(server_file, encoding='ascii', errors='replace') as file:
        first = file.readline()
    return set(first.removeprefix('# ').split())


def _make(ca_file: Path, server_file: Path, host: str) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _subject('batchai service authority')
    authority = _builder(ca_name, ca_name, ca_key, ca=True, path_length=0).add_extension(
        x509.KeyUsage(digital_signature=False, content_commitment=False, key_encipherment=False,
                      data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
                      encipher_only=False, decipher_only=False), critical=True)
    ca_certificate = _signed(authority, ca_key, ca_key)
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = x509.SubjectAlternativeName([_alternative(name) for name in sorted(_names(host))])
    server = _builder(_subject('batchai service'), ca_name, key, ca=False, path_length=None)
    server = server.add_extension(alternatives, critical=False).add_extension(
        x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH]), critical=False)
    certificate = _signed(server, ca_key, key)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
    first_line = f"# {' '.join(sorted(_names(host)))}\n".encode()
    # The authority stands at the end of the server's file too: so a pair that does not fit shows without a parser.
    authority_text = ca_certificate.public_bytes(serialization.Encoding.PEM)
    replace_file(server_file, first_line + private + certificate.public_bytes(serialization.Encoding.PEM)
                 + authority_text)
    replace_file(ca_file, authority_text, 0o644)


def _subject(name: str) -> x509.Name:
    from cryptography import x509
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, ca: bool, path_length: int | None
             ) -> x509.CertificateBuilder:
    from cryptography import x509
    start = datetime.now(timezone.utc) - _VALID_BEFORE
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True))


def _signed(builder: x509.CertificateBuilder, ca_key: EllipticCurvePrivateKey, key: EllipticCurvePrivateKey
            ) -> x509.Certificate:
    """Sign with the authority's key; strict verifiers want both key identifiers."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
                                    critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    from cryptography import x509
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
