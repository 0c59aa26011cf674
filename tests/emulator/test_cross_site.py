"""Pages of other sites are kept out of the control API, and what rules shape never becomes a page of ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping

import httpx2
import pytest
from starlette.testclient import TestClient

from emulator.security import hosts
from emulator.security.safe_headers import SANDBOX
from emulator.settings import Settings, SettingsError, read_settings
from tests.emulator.local import Tenant, emulator

GUARDED = ("/_emulator/info", "/_emulator/", "/docs", "/openapi.json", "/_emulator/evidence", "/_emulator/health")

OUR_HOSTS = (
    "localhost", "LocalHost:8080", "localhost.", "app.localhost:3000", "127.0.0.1:8080", "127.8.9.10", "[::1]:8080",
    "[::ffff:127.0.0.1]", "0.0.0.0:8080", "emulator:8080", "vonage-video-emulator", "build_agent-7", "10.1.2.3:8080",
    "172.17.0.2", "192.168.178.20:8443", "[fe80::1%25eth0]:8080", "[fd00::7]", "host.docker.internal:8080",
    "host.containers.internal", "emulator.video.svc.cluster.local",
)  # fmt: skip

FOREIGN_HOSTS = (
    "evil.example", "localhost.evil.example:8080", "127.0.0.1.nip.io", "evil.test:8080", "api.opentok.com",
    "video.api.vonage.com:8443", "203.0.113.9", "8.8.8.8:8080", "[2001:db8::1]:8080", "172.32.0.1",
    "evillocalhost.com",
    "printer.local", "rebind.internal", "", "localhost@evil.example", "localhost:port", "[::1",
    "localhost, evil.example",
    "a.b", "svc.cluster.local.evil.example", "xn--lcalhost-9xa.example", "cluster.local",
)  # fmt: skip


@pytest.fixture(scope="module")
def named() -> Iterator[TestClient]:
    """An emulator whose settings name more hosts."""
    allowed = ["front.example:3000", "*.dev.example", "Proxy.Example"]
    with emulator(
        allowed_hosts=allowed,
        tls_names=["*.tls.example", "emulator.tls.prepare"],
        public_url="https://video.example:9443",
    ) as client:
        yield client


def ask(client: TestClient, path: str, method: str = "GET", **headers: str) -> httpx2.Response:
    """Ask with these headers, `_` for `-`, and return the answer, whatever it is."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request(method, path, headers=given, follow_redirects=False)


@pytest.mark.parametrize("host", OUR_HOSTS)
def test_names_that_no_strangers_dns_leads_here_are_served(client: TestClient, host: str) -> None:
    assert ask(client, "/_emulator/health", host=host).status_code == 200


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_is_misdirected(client: TestClient, host: str) -> None:
    for path in GUARDED:
        answer = ask(client, path, host=host)
        assert answer.status_code == 421, path
        assert "--allowed-host" in answer.text
        assert "VONAGE_EMULATOR_ALLOWED_HOSTS" in answer.text


@pytest.mark.parametrize(
    "path", ["http://x//_emulator/info", "/_emulator", "/_emulator/nothing", "/docs/", "/_emulator/%69nfo"]
)
def test_no_spelling_of_a_path_leads_around_the_check(client: TestClient, path: str) -> None:
    assert ask(client, path, host="evil.example").status_code == 421


def test_every_host_of_a_request_has_to_be_ours(client: TestClient) -> None:
    answer = client.get("/_emulator/info", headers=[("Host", "localhost"), ("Host", "evil.example")])
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "host", ["front.example:3000", "a.dev.example:1", "b.a.dev.example", "proxy.example:99", "x.tls.example",
             "emulator.tls.prepare:8443", "video.example", "video.example:9443"]
)  # fmt: skip
def test_hosts_of_the_settings_are_served(named: TestClient, host: str) -> None:
    assert ask(named, "/_emulator/info", host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["front.example", "front.example:3001", "dev.example", "evildev.example", "tls.example"]
)
def test_hosts_that_only_look_like_those_of_the_settings_are_foreign(named: TestClient, host: str) -> None:
    assert ask(named, "/_emulator/info", host=host).status_code == 421


def test_this_machines_names_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Laptop.corp.example")
    monkeypatch.setattr(hosts, "full_host_name", lambda: {"laptop.site.example"})
    known = hosts.Hosts(Settings())
    assert [known.takes(name) for name in ("laptop.corp.example:8080", "laptop.site.example")] == [True, True]
    assert not known.takes("other.corp.example")


def test_the_address_that_a_connection_came_to_is_served() -> None:
    known = hosts.Hosts(Settings())
    assert known.takes("198.51.100.7:8080", "198.51.100.7")
    assert known.takes("[2001:db8::7]", "2001:db8:0::7")
    assert not known.takes("198.51.100.7:8080", "198.51.100.8")


def test_a_star_takes_any_host_and_no_other_page() -> None:
    with emulator(allowed_hosts=["*"]) as client:
        assert ask(client, "/_emulator/info", host="anything.example").status_code == 200
        assert ask(client, "/_emulator/info", origin="https://anything.example").status_code == 403


SAME = (
    {"origin": "http://localhost:8080", "host": "localhost:8080"},
    {"origin": "HTTP://LOCALHOST:8080", "host": "localhost:8080"},
    {"origin": "http://localhost", "host": "localhost:80"},
    {"origin": "https://emulator", "host": "emulator"},  # a proxy takes TLS off
    {"origin": "http://[::1]:8080", "host": "[::1]:8080"},
    {"sec_fetch_site": "same-origin"},
    {"sec_fetch_site": "none", "sec_fetch_mode": "navigate"},
    {"sec_fetch_mode": "cors"},
)
OTHER_SITES = (
    {"origin": "http://evil.example"},
    {"origin": "https://localhost.evil.example", "host": "localhost"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://localhost:3000", "host": "localhost:8080"},
    {"origin": "http://127.0.0.1:8080", "host": "localhost:8080"},
    {"origin": "http://app.localhost:8080", "host": "localhost:8080"},
    {"origin": "file://", "host": "localhost"},
    {"origin": "chrome-extension://abcdefgh", "host": "localhost"},
    {"origin": "http://localhost:8080 http://evil.example", "host": "localhost:8080"},
    {"origin": "http://localhost:8080/", "host": "localhost:8080"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"sec_fetch_site": "Cross-Site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "script"},
    {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"},
    {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "object"},
    {"sec_fetch_site": "something-new"},
)


@pytest.mark.parametrize("headers", SAME, ids=str)
def test_our_own_page_and_programs_are_served(client: TestClient, headers: Mapping[str, str]) -> None:
    for path in GUARDED:
        assert ask(client, path, **headers).status_code == 200, path


@pytest.mark.parametrize("token", [None, "secret"], ids=["open", "with a control token"])
@pytest.mark.parametrize("headers", OTHER_SITES, ids=str)
def test_another_sites_page_is_forbidden(client: TestClient, headers: Mapping[str, str], token: str | None) -> None:
    more = {"authorization": f"Bearer {token}"} if token else {}
    before = client.get("/_emulator/applications").json()
    for path in GUARDED:
        answer = ask(client, path, **headers, **more)
        assert answer.status_code == 403, path
        assert "--allowed-host" in answer.text
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert ask(client, "/_emulator/applications", method, **headers, **more).status_code == 403, method
    assert client.get("/_emulator/applications").json() == before


def test_no_answer_lets_another_site_read(client: TestClient) -> None:
    for path in (*GUARDED, "/session/create"):
        for method in ("OPTIONS", "GET", "POST"):
            answer = ask(client, path, method, origin="http://evil.example", access_control_request_method="PUT")
            assert [name for name in answer.headers if name.startswith("access-control")] == []
            assert answer.status_code == 403


@pytest.mark.parametrize("origin", ["http://front.example:3000", "https://x.dev.example", "http://proxy.example:1234"])
def test_pages_of_the_settings_hosts_may_ask(named: TestClient, origin: str) -> None:
    assert ask(named, "/_emulator/info", origin=origin, sec_fetch_site="cross-site").status_code == 200
    assert ask(named, "/_emulator/info", origin="http://front.example:3001").status_code == 403


VISIT = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}


@pytest.mark.parametrize("path", ["/_emulator/", "/docs", "/_emulator/evidence", "/openapi.json"])
def test_a_link_on_another_site_leads_to_the_page(client: TestClient, path: str) -> None:
    assert ask(client, path, **VISIT).status_code == 200
    assert ask(client, path, "HEAD", **VISIT).status_code == 200


@pytest.mark.parametrize(
    "path", ["/_emulator/info", "/_emulator/applications", "/_emulator/snapshot", "/_emulator/ready"]
)
def test_a_link_on_another_site_leads_to_nothing_else(client: TestClient, path: str) -> None:
    assert ask(client, path, **VISIT).status_code == 403
    assert ask(client, "/_emulator/", "POST", **VISIT).status_code == 403


# The service


@pytest.mark.parametrize("host", [*FOREIGN_HOSTS, "api.opentok.com", "testserver"])
def test_the_service_is_asked_under_any_name(tenant: Tenant, host: str) -> None:
    assert tenant.call("POST", "//session/create", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["api.opentok.com", "video.api.vonage.com:8443", "evil.example", "localhost"])
def test_a_recording_is_read_under_the_name_that_the_service_was_asked_by(tenant: Tenant, host: str) -> None:
    archive = tenant.archive()
    tenant.call("POST", f"/archive/{archive}/stop")
    tenant.advance(1)
    url = tenant.call("GET", f"/archive/{archive}", headers={"Host": host}).json()["url"]
    assert url.startswith(f"http://{host}/_emulator/files/")
    path = url.removeprefix(f"http://{host}")
    for headers in ({}, {"sec_fetch_site": "cross-site", "sec_fetch_dest": "video"}, {"origin": "http://app.example"}):
        answer = ask(tenant.client, path, host=host, **headers)
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == SANDBOX
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("auth", ["strict", "lax"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://evil.example", "Host": "evil.example"},  # its DNS was led here
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_the_service_does_nothing_for_another_sites_page(auth: str, headers: dict[str, str]) -> None:
    with emulator(auth=auth) as client:
        tenant = Tenant(client)
        answer = tenant.call("POST", "//session/create", headers=headers)
        assert answer.status_code in (403, 421)
        assert "--allowed-host" in answer.json()["message"]
        assert tenant.control("GET", "/sessions")["items"] == []


def test_without_tokens_the_service_is_asked_under_known_names_only() -> None:
    with emulator(auth="lax") as client:
        asked = {
            host: ask(client, "/session/create", "POST", host=host).status_code
            for host in (
                "localhost:8080",
                "api.opentok.com",
                "video.api.vonage.com",
                "emulator",
                "evil.example",
                "evil.test",
            )
        }
    assert list(asked.values()) == [200, 200, 200, 200, 421, 421]


# What rules shape


EVIL = "<script>top.stolen = 1</script>"


@pytest.mark.parametrize(
    "then",
    [
        {"status": {"status": 200, "body": EVIL, "contentType": "text/html"}},
        {"status": {"status": 404, "body": EVIL, "contentType": "image/svg+xml"}},
        {"status": {"status": 200, "body": EVIL, "contentType": "application/xhtml+xml", "headers": {"X-Mine": "1"}}},
        {"wrongContentType": {"contentType": "text/html"}},
        {"malformedJson": {}},
    ],
    ids=str,
)
def test_what_a_rule_answers_is_never_a_page(tenant: Tenant, then: dict[str, object]) -> None:
    tenant.control("POST", "/faults", {"name": "evil", "when": {"operation": "listArchives"}, "then": then})
    answer = tenant.call("GET", "/archive")
    assert answer.headers["x-emulator-fault"] == "evil"
    assert answer.headers["content-security-policy"] == SANDBOX
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["Content-Security-Policy", "x-content-type-options", "Cross-Origin-Resource-Policy"])
def test_no_rule_takes_those_headers_away(tenant: Tenant, name: str) -> None:
    rule = {"name": "mine", "then": {"status": {"status": 200, "headers": {name: "x"}}}}
    answer = tenant.client.post(f"/_emulator/applications/{tenant.id}/faults", json=rule)
    assert answer.status_code == 400
    assert name in answer.json()["error"]["message"]


def test_every_answer_says_that_it_is_no_page_unless_it_is_ours(tenant: Tenant) -> None:
    paths = (
        "/_emulator/info",
        "/_emulator/nothing",
        "/openapi.json",
        "/nothing",
        f"{tenant.root}/archive",
        "/_emulator",
    )
    for path in paths:
        answer = ask(tenant.client, path)
        assert answer.headers.get_list("content-security-policy") == [SANDBOX], path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    for path in ("/_emulator/", "/docs", "/_emulator/evidence"):
        (policy,) = ask(tenant.client, path).headers.get_list("content-security-policy")
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


# The token


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_case_of_the_scheme_does_not_matter(scheme: str) -> None:
    with emulator(control_token="s3cret") as client:
        assert ask(client, "/_emulator/info", authorization=f"{scheme} s3cret").status_code == 200
        for wrong in (f"{scheme} S3CRET", f"{scheme}s3cret", f"{scheme} ", "Basic s3cret", f"{scheme} s3cret x"):
            assert ask(client, "/_emulator/info", authorization=wrong).status_code == 401, wrong


# The setting


@pytest.mark.parametrize("value", ["a.example", "a.example:8080,*.b.example", "[::1]:8080,*", "2001:db8::1"])
def test_allowed_hosts_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("VONAGE_EMULATOR_ALLOWED_HOSTS", value)
    assert read_settings().allowed_hosts == value.split(",")


@pytest.mark.parametrize("value", ["http://a.example", "a.example/path", "a b", "*x.example", "a:b"])
def test_what_is_no_host_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match=r"--allowed-host: .*emulator\.test"):
        read_settings(allowed_hosts=[value])
