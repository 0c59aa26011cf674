"""What the authority's key is worth to who gets hold of it: names of this machine and the vendor's API, no others."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from emulator.tls import prepare
from emulator.tls.certificates import _kept_authority, _server_certificate
from emulator.tls.files import TlsFiles
from tests.emulator.test_tls import handshake

FOREIGN = ("bank.example", "www.vonage.com", "localhost.bank.example", "*.bank.example", "com", "192.0.2.66", "8.8.8.8",
           "10.0.0.1", "2001:db8::66", "::ffff:8.8.8.8", "emulator.bank.example", "evilemulator")  # fmt: skip


def forge(files: TlsFiles, *names: str, folder: Path, direct: bool = False) -> TlsFiles:
    """Sign a certificate for these names with the authority's key; return it as files of their own.

    `direct`: as if the key were that of the trusted certificate itself.
    """
    authority = _kept_authority(files)
    assert authority is not None
    key = ec.generate_private_key(ec.SECP256R1())
    folder.mkdir(exist_ok=True)
    forged = TlsFiles(folder)
    if direct:
        authority = replace(authority, signer=authority.trusted)
    certificate = _server_certificate(list(names), key, authority)
    forged.ca.write_bytes(files.ca.read_bytes())
    chain = [certificate] if direct else [certificate, authority.signer]
    forged.server.write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain))
    forged.server_key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return forged


@pytest.mark.parametrize("name", FOREIGN)
def test_a_forged_certificate_is_refused(tmp_path: Path, name: str) -> None:
    files = prepare.ensure(tmp_path / "data", ["emulator.test"])
    for names in ((name,), ("localhost", name)):
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            handshake(forge(files, *names, folder=tmp_path / "forged"), name.replace("*", "a"))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "emulator.test", "api.opentok.com"])
def test_what_it_may_sign_verifies(tmp_path: Path, name: str) -> None:
    files = prepare.ensure(tmp_path / "data", ["emulator.test"])
    handshake(forge(files, name, folder=tmp_path / "signed"), name)


def test_the_kept_key_is_not_that_of_what_is_trusted(tmp_path: Path) -> None:
    files = prepare.ensure(tmp_path / "data")
    for name in ("localhost", "bank.example"):
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(forge(files, name, folder=tmp_path / "forged", direct=True), name)


def test_the_constraints_are_critical_and_cover_names_and_addresses(tmp_path: Path) -> None:
    authority = _kept_authority(prepare.ensure(tmp_path, ["emulator.test", "192.0.2.7"]))
    assert authority is not None
    for certificate in (authority.trusted, authority.signer):
        extension = certificate.extensions.get_extension_for_class(x509.NameConstraints)
        permitted = {str(each.value) for each in extension.value.permitted_subtrees or ()}
        assert extension.critical
        expected = {"localhost", "127.0.0.0/8", "::1/128", "video.api.vonage.com", "emulator.test", "192.0.2.7/32"}
        assert expected <= permitted
        assert not permitted & {"0.0.0.0/0", "::/0", "", "com", "test"}


def _old_authority(files: TlsFiles, organization: str, days: int = 3650) -> None:
    """Put an authority without constraints into a folder, as an earlier version made it, or as a company has one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    files.ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.ca_key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.mark.parametrize("record", [None, "{}", '{"names": ["localhost"], "notAfter": 9999999999, "digest": "x"}'])
def test_an_authority_of_an_earlier_version_is_replaced_which_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, record: str | None
) -> None:
    files = TlsFiles(tmp_path)
    _old_authority(files, "vonage-video-emulator")
    if record is not None:
        files.record.write_text(record)
    old = files.ca.read_bytes()
    assert prepare.ensure(tmp_path).ca.read_bytes() != old
    assert "earlier version" in caplog.text
    assert "trust it again" in caplog.text


def test_an_authority_of_somebody_else_signs_on_whatever_it_may(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = TlsFiles(tmp_path)
    _old_authority(files, "A company's own")
    own = files.ca.read_bytes()
    for names in ([], ["emulator.test"], ["192.0.2.9"]):
        assert prepare.ensure(tmp_path, names).ca.read_bytes() == own
    assert caplog.text == ""


@pytest.mark.parametrize("organization", ["vonage-video-emulator", "A company's own"])
def test_an_authority_about_to_expire_is_replaced_which_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, organization: str
) -> None:
    files = TlsFiles(tmp_path)
    _old_authority(files, organization, days=29)
    old = files.ca.read_bytes()
    assert prepare.ensure(tmp_path).ca.read_bytes() != old
    assert "expires on" in caplog.text


def test_a_certificate_is_not_valid_for_longer_than_its_authority(tmp_path: Path) -> None:
    files = TlsFiles(tmp_path)
    _old_authority(files, "A company's own", days=90)
    prepare.ensure(tmp_path)
    certificate = x509.load_pem_x509_certificate(files.server.read_bytes())
    assert certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=91)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
def test_other_containers_get_a_folder_without_keys(tmp_path: Path) -> None:
    for names in ([], ["emulator.test"]):  # the second makes another authority
        files = prepare.ensure(tmp_path, names)
        public = tmp_path / "public"
        assert [path.name for path in public.iterdir()] == ["ca.pem"]
        assert (public / "ca.pem").read_bytes() == files.ca.read_bytes()
        assert stat.S_IMODE((public / "ca.pem").stat().st_mode) == 0o644


# Other verifiers, where they are installed


@contextmanager
def serving(files: TlsFiles) -> Iterator[int]:
    """Answer every HTTPS request with 200 on a free port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server, files.server_key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(65_536)
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


NODE = """
const [port, name, ca] = process.argv.slice(1);
require("https").get({port, host: "127.0.0.1", servername: name, ca: require("fs").readFileSync(ca),
  checkServerIdentity: (_, cert) => require("tls").checkServerIdentity(name, cert)},
  r => process.exit(r.statusCode - 200))
  .on("error", e => { console.error(e.code); process.exit(1); });
"""
JAVA = """
import java.net.*; import java.nio.file.*; import java.security.*; import java.security.cert.*; import javax.net.ssl.*;
public class Ask { public static void main(String[] a) throws Exception {
  KeyStore store = KeyStore.getInstance("PKCS12"); store.load(null, null);
  try (var in = Files.newInputStream(Path.of(a[2]))) {
    store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in)); }
  var factory = TrustManagerFactory.getInstance("PKIX"); factory.init(store);
  var context = SSLContext.getInstance("TLS"); context.init(null, factory.getTrustManagers(), null);
  try (var plain = new Socket("127.0.0.1", Integer.parseInt(a[0]));
       var socket = (SSLSocket) context.getSocketFactory().createSocket(plain, a[1], Integer.parseInt(a[0]), true)) {
    var parameters = socket.getSSLParameters(); parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters); socket.startHandshake(); } } }
"""
GO = """
package main
import ("crypto/tls"; "crypto/x509"; "fmt"; "os")
func main() {
	pem, _ := os.ReadFile(os.Args[3]); pool := x509.NewCertPool(); pool.AppendCertsFromPEM(pem)
	c, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[1], &tls.Config{RootCAs: pool, ServerName: os.Args[2]})
	if err != nil { fmt.Println(err); os.Exit(1) }
	c.Close()
}
"""


def _curl(folder: Path) -> list[str]:
    script = folder / "ask.sh"
    script.write_text('exec curl -sSf --noproxy "*" --cacert "$3" --resolve "$2:$1:127.0.0.1" "https://$2:$1/"')
    return ["sh", str(script)]


def _openssl(folder: Path) -> list[str]:
    script = folder / "ask.sh"
    script.write_text(
        'exec openssl s_client -connect "127.0.0.1:$1" -servername "$2" -verify_hostname "$2" -CAfile "$3" '
        "-x509_strict -verify_return_error </dev/null"
    )
    return ["sh", str(script)]


def _node(folder: Path) -> list[str]:
    return ["node", "-e", NODE, "--"]


def _java(folder: Path) -> list[str]:
    (folder / "Ask.java").write_text(JAVA)
    return ["java", str(folder / "Ask.java")]


def _go(folder: Path) -> list[str]:
    (folder / "ask.go").write_text(GO)
    return ["go", "run", str(folder / "ask.go")]


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("openssl", _openssl),
        ("curl", _curl),
        ("node", _node),
        pytest.param("java", _java, marks=pytest.mark.extended),
        pytest.param("go", _go, marks=pytest.mark.extended),
    ],
    ids=["openssl", "curl", "node", "java", "go"],
)
def test_other_verifiers_refuse_a_forged_certificate_and_take_ours(
    tmp_path: Path, program: str, command: Callable[[Path], list[str]]
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    files = prepare.ensure(tmp_path / "data", ["emulator.test"])
    start = command(tmp_path)

    def ask(port: int, name: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*start, str(port), name, str(files.ca)], capture_output=True, timeout=300)

    with serving(files) as port:
        for name in ("localhost", "emulator.test", "video.api.vonage.com"):
            answer = ask(port, name)
            assert answer.returncode == 0, answer
    with serving(forge(files, "bank.example", "localhost", folder=tmp_path / "forged")) as port:
        for name in ("bank.example", "localhost"):
            assert ask(port, name).returncode != 0
