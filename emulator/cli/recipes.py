"""How to point each SDK at the emulator: the lines that `vonage-video-emulator env` prints, the variables `exec` sets.

They follow each SDK's own source; one with a hard-coded `https://` goes through the HTTPS listener.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from emulator import wellknown
from emulator.launch.environment import TRUST, direct
from state.spelling import did_you_mean


class UnknownLanguageError(Exception):
    """There is no recipe for a language; the message lists the known ones."""


@dataclass(frozen=True)
class RecipeTarget:
    """The emulator a recipe points at; `together`: the file `ca` has the system's authorities too."""

    http: str
    https: str
    ca: Path | None
    private_key: Path | None
    together: bool = False

    def variables(self) -> dict[str, str]:
        """Return the environment variables that tell a program where the emulator is and whom to trust."""
        files = {"VONAGE_PRIVATE_KEY_PATH": self.private_key}
        files |= dict.fromkeys(TRUST, self.ca)
        return {
            "VONAGE_VIDEO_EMULATOR_URL": self.http,
            **({"VONAGE_VIDEO_HOST": urlsplit(self.https).netloc} if self.https else {}),
            "VONAGE_VIDEO_API_SERVER_URL": f"{self.http.rstrip('/')}/",  # read by the PHP SDK, which needs the slash
            "VONAGE_APPLICATION_ID": wellknown.APPLICATION_ID,
            "OPENTOK_API_URL": self.http,
            "OPENTOK_API_KEY": wellknown.API_KEY,
            "OPENTOK_API_SECRET": wellknown.API_SECRET,
            **{name: str(path) for name, path in files.items() if path},
            **self.direct(),
        }

    def direct(self) -> dict[str, str]:
        """Return the variables that keep a proxy out of the way to the emulator."""
        return direct("localhost", "127.0.0.1", *filter(None, [urlsplit(self.http).hostname]))

    def values(self) -> dict[str, str]:
        """Return what the placeholders of a recipe stand for."""
        https = urlsplit(self.https)
        return {
            "http": self.http.rstrip("/"),
            "https": self.https.rstrip("/"),
            "https_host": https.netloc,
            "https_port": str(https.port or 443),
            "ca": str(self.ca),
            "key": str(self.private_key),
            "key_json": json.dumps(wellknown.PRIVATE_KEY),
            "application": wellknown.APPLICATION_ID,
            "api_key": wellknown.API_KEY,
            "api_secret": wellknown.API_SECRET,
        }


PYTHON = """\
# vonage: HTTPS only, so its HTTP client has to trust the emulator's authority
export REQUESTS_CA_BUNDLE="$ca"

# Python
from vonage import Auth, HttpClientOptions, Vonage
client = Vonage(
    Auth(application_id="$application", private_key="$key"),
    HttpClientOptions(video_host="$https_host"),
)

# opentok (the older SDK)
from opentok import Client
opentok = Client("$api_key", "$api_secret", api_url="$http")
"""

NODE = """\
// @vonage/server-sdk
const { Vonage } = require('@vonage/server-sdk');
const vonage = new Vonage(
  { applicationId: '$application', privateKey: '$key' },
  { videoHost: '$http' },
);

// @vonage/video alone
const { Auth } = require('@vonage/auth');
const { Video } = require('@vonage/video');
const video = new Video(
  new Auth({ applicationId: '$application', privateKey: '$key' }),
  { videoHost: '$http' },
);

// opentok (the older SDK)
const OpenTok = require('opentok');
const opentok = new OpenTok('$api_key', '$api_secret', '$http');

// for anything that talks HTTPS to $https, in the shell:
// export NODE_EXTRA_CA_CERTS="$ca"
"""

JAVA = """\
// com.vonage:server-sdk
import com.vonage.client.HttpConfig;
import com.vonage.client.VonageClient;

VonageClient client = VonageClient.builder()
        .applicationId("$application")
        .privateKeyPath("$key")
        .httpConfig(HttpConfig.builder().videoBaseUri("$http").build())
        .build();

// com.tokbox:opentok-server-sdk (the older SDK)
import com.opentok.OpenTok;

OpenTok opentok = new OpenTok.Builder($api_key, "$api_secret").apiUrl("$http").build();

// for anything that talks HTTPS to $https ("PKIX path building failed"), in the shell:
// cp "$$JAVA_HOME/lib/security/cacerts" trusted.jks
// keytool -importcert -noprompt -alias vonage-video-emulator -file "$ca" -keystore trusted.jks -storepass changeit
// export JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore=$$PWD/trusted.jks -Djavax.net.ssl.trustStorePassword=changeit"
"""

KOTLIN = """\
// com.vonage:server-sdk-kotlin
import com.vonage.client.kt.*

val client = Vonage {
    applicationId("$application")
    privateKeyPath("$key")
    httpConfig { videoBaseUri("$http") }
}

// com.tokbox:opentok-server-sdk (the older SDK, of Java)
import com.opentok.OpenTok

val opentok = OpenTok.Builder($api_key, "$api_secret").apiUrl("$http").build()
"""

DOTNET = """\
// Vonage: appsettings.json (Application.Key is the key itself, not a path)
{
  "vonage": {
    "Url.Api.Video": "$http",
    "Application.Id": "$application",
    "Application.Key": $key_json
  }
}

// OpenTok (the older SDK), C#
var opentok = new OpenTok($api_key, "$api_secret", "$http");
"""

PHP = """\
# vonage/video; keep the slash at the end of the URL, some of its calls need it
export VONAGE_VIDEO_API_SERVER_URL="$http/"

// PHP
$$client = new Vonage\\Client(
    new Vonage\\Client\\Credentials\\Keypair(file_get_contents('$key'), '$application')
);
$$video = $$client->video();

// opentok/opentok (the older SDK)
$$opentok = new OpenTok\\OpenTok('$api_key', '$api_secret', ['apiUrl' => '$http']);
"""

RUBY = """\
# vonage: HTTPS only, so its HTTP client has to trust the emulator's authority
require 'vonage'
client = Vonage::Client.new(
  application_id: '$application',
  private_key: File.read('$key'),
  video_host: '$https_host',
  http: { ca_file: '$ca' }
)

# opentok (the older SDK); one address in a process
require 'opentok'
opentok = OpenTok::OpenTok.new '$api_key', '$api_secret', api_url: '$http'
"""

GO = """\
// There is no official Go SDK for video. The community's SDK for OpenTok:
// go get github.com/calvertyang/opentok-go-sdk/v2/opentok
import "github.com/calvertyang/opentok-go-sdk/v2/opentok"

ot := opentok.New("$api_key", "$api_secret")
err := ot.SetAPIHost("$http")

// for your own net/http calls to $https, in the shell (Linux):
// export SSL_CERT_FILE="$ca"
"""

CURL = """\
# a session, over HTTP and over HTTPS
TOKEN="$$(vonage-video-emulator token rest)"
curl -X POST "$http/session/create" -H "Authorization: Bearer $$TOKEN" -H "Accept: application/json"
curl -X POST "$https/session/create" -H "Authorization: Bearer $$TOKEN" -H "Accept: application/json" --cacert "$ca"

# the application's archives
curl "$http/v2/project/$application/archive" -H "Authorization: Bearer $$TOKEN"
"""

RECIPES: Mapping[str, str] = {
    "python": PYTHON,
    "node": NODE,
    "java": JAVA,
    "kotlin": KOTLIN,
    "dotnet": DOTNET,
    "php": PHP,
    "ruby": RUBY,
    "go": GO,
    "curl": CURL,
}


SHELL = "shell"
"""What prints `RecipeTarget.variables` instead of a recipe."""


REPLACING = f"# {', '.join(TRUST[:3])}: these replace what is trusted otherwise"
ALONE = "and the emulator's authority stands alone, so that other servers are refused"
TOGETHER = "so the system's authorities are in the file too"

PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def recipe(language: str, target: RecipeTarget) -> str:
    """Return the lines that point the SDKs of `language` at `target`. Raises `UnknownLanguageError`."""
    if language.lower() == SHELL:
        note = f"{REPLACING}, {TOGETHER if target.together else ALONE}\n" if target.ca else ""
        return note + "".join(f"export {name}={shlex.quote(value)}\n" for name, value in target.variables().items())
    if language.lower() not in RECIPES:
        question = did_you_mean(language, [*RECIPES, SHELL])
        hint = f"; {question}" if question else ""
        raise UnknownLanguageError(f"there is no recipe for {language!r}{hint} (known: {', '.join([*RECIPES, SHELL])})")
    return _about_proxy(language, target) + Template(RECIPES[language.lower()]).substitute(target.values())


def _about_proxy(language: str, target: RecipeTarget) -> str:
    """Return the lines that keep a proxy out of the way, where one is set."""
    name = next((name for name in PROXIES if os.environ.get(name)), None)
    if name is None:
        return ""
    mark = "#" if language.lower() in ("python", "ruby", "curl", "php") else "//"
    hosts = shlex.quote(target.direct()["NO_PROXY"])
    return (
        f"{mark} {name} is set: the proxy would be asked for the emulator, and answer with an error. In the shell:\n"
        f"{mark} export NO_PROXY={hosts} no_proxy={hosts}\n\n"
    )
