"""Making certificates: the only module that needs a cryptography library for TLS, imported when one has to be made."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from emulator.tls.constraints import constraint_of, permits
from emulator.tls.files import RENEW_BEFORE, TlsFiles, digest, write_atomically

ORGANIZATION = "vonage-video-emulator"

CA_DAYS = 397
"""An authority that was trusted once and forgotten is worthless after a year."""

SERVER_DAYS = 820
"""Apple's systems refuse server certificates that are valid for more than 825 days."""

ALWAYS_PERMITTED = ("127.0.0.0/8", "emulator", "vonage-video-emulator")
"""What an authority may sign for besides the names that are asked for: loopback, usual names of a compose service."""

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Authority:
    """What is trusted, and what signs: the kept key is that of `signer`.

    They are two, for some verifiers (Java's) heed the constraints of a certificate in the chain, not those of one that
    is trusted. The key of `trusted` is forgotten as soon as it has signed `signer`. An authority that somebody put into
    the folder is one certificate.
    """

    trusted: x509.Certificate
    signer: x509.Certificate
    key: PrivateKey


def renew(files: TlsFiles, wanted: set[str], machine: set[str]) -> None:
    """Make the server certificate for `wanted` names, and the authority too unless the kept one can sign them.

    The names of the `machine` are in it if the authority may sign for them: a container has another at each start,
    which is no reason to be trusted anew. The caller holds the folder's lock. Raises `OSError` when a file cannot be
    read or written.
    """
    kept = _kept_authority(files)
    permitted = _constraints(kept.signer) if kept else []
    refused = _why_not(kept, permitted, wanted)
    if kept is None or refused:
        if files.ca.exists():
            _log.warning("%s %s and was made anew: trust it again", files.ca, refused)
        # What was permitted stays so: emulators of one folder that ask for other names take turns otherwise.
        permitted = sorted({*(permitted or ()), *ALWAYS_PERMITTED, *map(constraint_of, wanted | machine)})
        kept = _new_authority(permitted)
        write_atomically(files.ca_key, _key_pem(kept.key) + _pem(kept.signer), 0o600)
        write_atomically(files.ca, _pem(kept.trusted))
    names = sorted(wanted | {name for name in machine if permits(permitted, name)})
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _server_certificate(names, key, kept)
    chain = b"" if kept.signer == kept.trusted else _pem(kept.signer)
    server, server_key = _pem(certificate) + chain, _key_pem(key)
    write_atomically(files.server_key, server_key, 0o600)
    write_atomically(files.server, server)
    record = {
        "names": names,
        "permitted": permitted,
        "notAfter": int(certificate.not_valid_after_utc.timestamp()),
        "digest": digest(files.ca.read_bytes(), server, server_key),
    }
    write_atomically(files.record, json.dumps(record, indent=2).encode())


def _kept_authority(files: TlsFiles) -> Authority | None:
    """Return the kept authority; None when it is missing or damaged."""
    try:
        trusted = x509.load_pem_x509_certificate(files.ca.read_bytes())
        kept = files.ca_key.read_bytes()
        key = serialization.load_pem_private_key(kept, password=None)
        signer = x509.load_pem_x509_certificate(kept) if b"BEGIN CERTIFICATE" in kept else trusted
        signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        signer.verify_directly_issued_by(trusted)
    except (FileNotFoundError, ValueError, TypeError, x509.ExtensionNotFound, InvalidSignature):
        return None
    if not isinstance(key, PrivateKey) or signer.public_key() != key.public_key():
        return None
    return Authority(trusted, signer, key)


def _why_not(kept: Authority | None, permitted: list[str] | None, wanted: set[str]) -> str | None:
    """Return why a kept authority cannot go on, None when it can; one that somebody else made may be as it likes."""
    if kept is None:
        return "could not be used any more"
    end = min(kept.signer.not_valid_after_utc, kept.trusted.not_valid_after_utc)
    if end < datetime.now(UTC) + timedelta(seconds=RENEW_BEFORE):
        return f"expires on {end:%Y-%m-%d}"
    if not _is_ours(kept.trusted):
        return None
    if permitted is None or kept.signer == kept.trusted:
        return "is of an earlier version, which could sign for every name,"
    missing = sorted(name for name in wanted if not permits(permitted, name))
    return f"may not sign for {', '.join(missing)}" if missing else None


def _is_ours(certificate: x509.Certificate) -> bool:
    return [each.value for each in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == [
        ORGANIZATION
    ]


def _constraints(certificate: x509.Certificate) -> list[str] | None:
    """Return what an authority may sign for, as names and networks; None if that is everything."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return None
    return [str(each.value) for each in constraints.permitted_subtrees or ()] or None


def _new_authority(permitted: list[str]) -> Authority:
    """Return an authority that may sign for `permitted` names and networks; what it trusts can sign no more."""
    constraints = x509.NameConstraints(
        permitted_subtrees=[_subtree(each) for each in permitted], excluded_subtrees=None
    )
    end = datetime.now(UTC) + timedelta(days=CA_DAYS)
    # Each machine's authority is its own: a trust store that holds two can tell them apart.
    number = f"{x509.random_serial_number():x}"[:16]
    forgotten, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def certificate(own: PrivateKey, subject: x509.Name, path_length: int) -> x509.Certificate:
        return (
            _builder(own, end)
            .subject_name(subject)
            .issuer_name(root)
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            # Whoever gets hold of the key forges no other site's certificate with it, and signs no program or mail.
            .add_extension(constraints, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(forgotten.public_key()), critical=False)
            .sign(forgotten, hashes.SHA256())
        )

    root = _name(f"Emulator test authority {number}")
    return Authority(certificate(forgotten, root, 1), certificate(key, _name(f"Emulator test signer {number}"), 0), key)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _subtree(permitted: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_network(permitted))
    except ValueError:
        return x509.DNSName(permitted)


def _server_certificate(names: list[str], key: PrivateKey, authority: Authority) -> x509.Certificate:
    signer = authority.signer
    issuer = signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(key, min(datetime.now(UTC) + timedelta(days=SERVER_DAYS), signer.not_valid_after_utc))
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(signer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _builder(key: PrivateKey, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))  # clocks of containers and virtual machines lag
        .not_valid_after(end)
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


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
