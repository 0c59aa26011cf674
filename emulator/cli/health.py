"""Asking a running emulator whether it is well: in a few ms of CPU, for containers do so for ever.

Nothing is imported that is not needed: `socket` alone takes as long as Python's own start, so its core is used.
"""

from __future__ import annotations

import _socket
import os
import sys

from emulator.launch.addresses import reached_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

PATH = "/_emulator/health"
SECONDS = 2.0
DATA_DIR = "~/.vonage-video-emulator"
MAX_RESPONSE = 65_536
OPTIONS = ("--url", "--timeout", "--watch", "--ca", "--config")


class UnwellError(Exception):
    """Why the emulator does not answer, in words."""


def read(arguments: Sequence[str]) -> dict[str, str] | None:
    """Return the options of the command, None where the whole command line has to look at them."""
    given: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in OPTIONS or not (equals or rest):
            return None
        given[name] = value if equals else rest.pop(0)
    try:
        float(given.get("--timeout", SECONDS)), float(given.get("--watch", 0))
    except ValueError:
        return None
    return given


def run(given: dict[str, str]) -> int:
    """Return the status of the command: 0 and silence when the emulator answers, 1 and a line when it does not."""
    try:
        url = given.get("--url") or configured(given.get("--config"))
        ask(url, float(given.get("--timeout", SECONDS)), given.get("--ca"), float(given.get("--watch", 0)))
    except UnwellError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def configured(config: str | None = None) -> str:
    """Return where the emulator listens that is configured as this process: by its variables, or in the file."""
    host, port = os.environ.get("VONAGE_EMULATOR_HOST"), os.environ.get("VONAGE_EMULATOR_HTTP_PORT")
    file = config or os.environ.get("VONAGE_EMULATOR_CONFIG")
    if port and not port.isdecimal():
        port = None  # a service link of Kubernetes
    if file and not (host and port):
        import yaml

        try:
            with open(file, encoding="utf-8") as opened:
                written = yaml.safe_load(opened)
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise UnwellError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
        found = {str(name).replace("-", "").replace("_", "").lower(): value for name, value in (written or {}).items()}
        host, port = host or found.get("host"), port or found.get("httpport")
    return f"http://{reached_at(host or 'localhost')}:{port or 8080}"


def ask(url: str, seconds: float, ca: str | None = None, watch: float = 0) -> None:
    """Ask the emulator at a base URL, and watch it for so many s. Raises `UnwellError`."""
    scheme, found, rest = url.partition("://")
    authority = rest.split("/", 1)[0]
    if not found or scheme not in ("http", "https") or not authority:
        raise UnwellError(f"{url}: write it with its scheme, as http://localhost:8080")
    host, port = _split(authority, 443 if scheme == "https" else 80)
    address = f"{scheme}://{authority}{PATH}"
    try:
        path = f"{PATH}?watch={watch:g}" if watch else PATH
        request = f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode("ascii", "replace")
        status, message = _get(scheme, host, port, request, seconds + watch, ca)
    except UnwellError as error:
        raise UnwellError(f"{address}: {error}") from None
    except ConnectionRefusedError:
        raise UnwellError(f"{address}: nobody listens there: does the emulator run, and on that port?") from None
    except TimeoutError:
        raise UnwellError(f"{address}: no response within {seconds:g} s") from None
    except _socket.gaierror:
        raise UnwellError(f"{address}: the name {host} is not known here") from None
    except OSError as error:
        raise UnwellError(f"{address}: {error.strerror or error}") from None
    if status != "200":
        raise UnwellError(f"{address}: responded with {status or 'something that is no HTTP'}{message}")


def _split(authority: str, port: int) -> tuple[str, int]:
    host, colon, number = authority.rpartition(":")
    if not colon or number.endswith("]"):
        host, number = authority, str(port)
    if not number.isdecimal() or int(number) > 65_535:
        raise UnwellError(f"{authority}: {number} is no port")
    return host.strip("[]"), int(number)


def _get(scheme: str, host: str, port: int, request: bytes, seconds: float, ca: str | None) -> tuple[str, str]:
    """Return the status and, where there is one, what the response says."""
    if scheme == "https":
        response = _over_tls(host, port, seconds, ca, request)
    else:
        last: OSError | None = None
        name = host.encode("ascii") if host.isascii() else host  # a text would be taken for IDNA: 25 ms
        for family, kind, protocol, _, target in _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM):
            connection = _socket.socket(family, kind, protocol)
            try:
                connection.settimeout(seconds)
                connection.connect(target)
                response = _exchange(connection, request)
                break
            except ConnectionRefusedError as error:  # `localhost` may have another address
                last = error
            finally:
                connection.close()
        else:
            raise last or OSError("no address")
    if not response:
        raise UnwellError("the connection ended without a response")
    head, _, body = response.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    status = words[1].decode("ascii", "replace") if head.startswith(b"HTTP/") and len(words) > 1 else ""
    return status, _message(body) if status != "200" else ""


def _exchange(connection: _socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    response = b""
    while len(response) < MAX_RESPONSE and (part := connection.recv(4096)):
        response += part
    return response


def _message(body: bytes) -> str:
    import json

    try:
        content = json.loads(body)
        return f": {content['error']['message'] if 'error' in content else content['message']}"
    except (ValueError, KeyError, TypeError):
        return ""


def _over_tls(host: str, port: int, seconds: float, ca: str | None, request: bytes) -> bytes:
    import socket
    import ssl

    known = ca or os.path.join(os.path.expanduser(os.environ.get("VONAGE_EMULATOR_DATA_DIR") or DATA_DIR), "ca.pem")
    context = ssl.create_default_context()
    try:
        if ca or os.path.isfile(known):
            context.load_verify_locations(known)
        with (
            socket.create_connection((host, port), seconds) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            return _exchange(connection, request)
    except ssl.SSLCertVerificationError as error:
        raise UnwellError(
            f"its certificate is not trusted ({error.verify_message}): name the emulator's authority with --ca; "
            f"looked for in {known}"
        ) from None
    except ssl.SSLError as error:
        if error.reason == "WRONG_VERSION_NUMBER":
            raise UnwellError("that port speaks plain HTTP: ask http://…") from None
        raise UnwellError(str(error.reason or error)) from None
    except OSError as error:
        if ca and isinstance(error, FileNotFoundError):
            raise UnwellError(f"--ca {ca}: {error.strerror}") from None
        raise
