"""RSA key pairs for applications that bring none; a few are made ahead, off the event loop."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

READY = 4


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An RSA key pair, PEM."""

    private: str
    public: str


class KeyPairs:
    """Key pairs made ahead: `READY` of them, from the first use on (making one takes about 0.1 s)."""

    def __init__(self) -> None:
        self._ready: deque[KeyPair] = deque()
        self._maker: threading.Thread | None = None

    def take(self) -> KeyPair:
        """Return a key pair that nobody else has."""
        try:
            return self._ready.popleft()
        except IndexError:
            return make()
        finally:
            self.prepare()

    def prepare(self) -> None:
        """Begin to make key pairs ahead, in a thread that ends by itself."""
        if self._maker is None or not self._maker.is_alive():
            self._maker = threading.Thread(target=self._fill, name="key-pairs", daemon=True)
            self._maker.start()

    def _fill(self) -> None:
        while len(self._ready) < READY:
            self._ready.append(make())


def make() -> KeyPair:
    """Make a key pair."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return KeyPair(private, public)


def public_of(private_pem: str) -> str:
    """Return the public key of a private key. Raises ValueError when it is not an RSA private key in PEM."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    try:
        key = load_pem_private_key(private_pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    except Exception:  # the library raises several unrelated types
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("must be an RSA private key in PEM, without a passphrase")
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def normal(public_pem: str) -> str:
    """Return the public key as this module writes it. Raises ValueError when it is not an RSA public key in PEM."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    try:
        key = load_pem_public_key(public_pem.encode())
    except Exception:  # the library raises several unrelated types
        key = None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("must be an RSA public key in PEM")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
