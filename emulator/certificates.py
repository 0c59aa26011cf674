"""Making certificates: the only module that needs a cryptography library for TLS, imported when one has to be made."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from emulator.tls import RENEW_BEFORE, TlsFiles, digest, write_atomically

CA_DAYS = 3650
SERVER_DAYS = 820
"""Apple's systems refuse server certificates that are valid for more than 825 days."""

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_log = logging.getLogger(__name__)


def renew(files: TlsFiles, names: list[str]) -> None:
    """Make the server certificate for `names`, and the authority too unless the kept one can sign.

    The caller holds the folder's lock. Raises `OSError` when a file cannot be read or written.
    """
    authority = _kept_authority(files)
    if authority is None:
        if files.ca.exists():
            _log.warning("%s could not be used any more and was made anew: trust it again", files.ca)
        authority = _new_authority()
        write_atomically(files.ca_key, _key_pem(authority[1]), 0o600)
        write_atomically(files.ca, authority[0].public_bytes(serialization.Encoding.PEM))
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _server_certificate(names, key, *authority)
    server, server_key = certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)
    write_atomically(files.server_key, server_key, 0o600)
    write_atomically(files.server, server)
    expiry = min(certificate.not_valid_after_utc, authority[0].not_valid_after_utc)
    record = {
        "names": names,
        "notAfter": int(expiry.timestamp()),
        "digest": digest(files.ca.read_bytes(), server, server_key),
    }
    write_atomically(files.record, json.dumps(record, indent=2).encode())


def _kept_authority(files: TlsFiles) -> tuple[x509.Certificate, PrivateKey] | None:
    """Return the kept authority; None when it is missing, damaged or about to expire."""
    try:
        certificate = x509.load_pem_x509_certificate(files.ca.read_bytes())
        key = serialization.load_pem_private_key(files.ca_key.read_bytes(), password=None)
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (FileNotFoundError, ValueError, TypeError, x509.ExtensionNotFound):
        return None
    soon = datetime.now(UTC) + timedelta(seconds=RENEW_BEFORE)
    if not isinstance(key, PrivateKey) or certificate.not_valid_after_utc < soon:
        return None
    return (certificate, key) if certificate.public_key() == key.public_key() else None


def _new_authority() -> tuple[x509.Certificate, PrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "vonage-video-emulator"),
            # Each machine's authority is its own: a trust store that holds two can tell them apart.
            x509.NameAttribute(NameOID.COMMON_NAME, f"Emulator test authority {x509.random_serial_number():x}"[:40]),
        ]
    )
    certificate = (
        _builder(key, CA_DAYS)
        .subject_name(name)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _server_certificate(
    names: list[str], key: PrivateKey, authority: x509.Certificate, authority_key: PrivateKey
) -> x509.Certificate:
    issuer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(key, SERVER_DAYS)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(authority.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(key: PrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of containers and virtual machines lag
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
