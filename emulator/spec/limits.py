"""What a request may say, limit by limit: who enforces it, in each contract, and where that is known from.

The service does not enforce everything that is documented. What it takes is taken here too, and noted in the journal as
`undocumented`; what it refuses is refused. docs/limits.md is this table as a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Enforcement = Literal["enforced", "documented", "ours", "free"]
"""`enforced`: refused. `documented`: nothing but documents say so; accepted and noted, or refused by the application's
option `documentedLimits`. `ours`: refused, to protect this process. `free`: anything goes."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: `where` names the operations, `field` what of their requests, `allowed` in words what it may be.

    `service` and `spec` are its standing in the two contracts; `source` is a file and section below fidelity/, or an
    address.
    """

    where: str
    field: str
    allowed: str
    service: Enforcement
    spec: Enforcement
    source: str


E: Enforcement = "enforced"
D: Enforcement = "documented"
O: Enforcement = "ours"  # noqa: E741 - a column of the table
F: Enforcement = "free"

_REST, _MEDIA, _WIRE = (
    "rest-and-archives.md",
    "broadcasts-sip-captions-renders-callbacks.md",
    "sdk-wire.md",
)
_TOKEN = "every operation"
_COMPOSED = "startArchive, startBroadcast"
_LAYOUTS = "startArchive, startBroadcast, setArchiveLayout, setBroadcastLayout"
_CHANGED = "setArchiveLayout, setBroadcastLayout"
_SIZES = "640x480, 480x640, 1280x720, 720x1280, 1920x1080, 1080x1920"
_LISTS = "listArchives, listBroadcasts, listRenders, listStreams, listConnections"
_WITH_TOKEN = "dial, startCaptions, startRender, connectAudio"

# fmt: off
LIMITS: Mapping[str, Limit] = MappingProxyType({
    # Sessions
    "p2p": Limit("createSession", "p2p.preference", "enabled (or always): relayed; disabled: routed",
                 D, E, f"{_REST} 6; public code writes `routed`, and gets a routed session"),
    "archiveMode": Limit("createSession", "archiveMode", "manual, always", D, E, f"{_REST} 6"),
    "location": Limit("createSession", "location", "an IPv4 address", D, F, f"{_REST} 6"),
    "e2ee": Limit("createSession", "e2ee", "true, false", D, E, f"{_REST} 6"),
    "absent": Limit("createSession", "any field", "left out, rather than `undefined`, `null` or `NaN`",
                    D, D, f"{_WIRE} 1.1: clients write out what is not set"),
    "alwaysRouted": Limit("createSession", "archiveMode", "always only with p2p.preference disabled",
                          E, F, f"{_REST} 6"),
    "alwaysPlain": Limit("createSession", "archiveMode", "always only without e2ee", E, F, f"{_REST} 6"),
    "e2eeRouted": Limit("createSession", "e2ee", "true only with p2p.preference disabled", E, F, f"{_REST} 6"),
    "archiveName": Limit("createSession", "archiveName", "1 to 80 characters", E, E, f"{_REST} 6"),
    "archiveResolution": Limit("createSession", "archiveResolution", _SIZES, E, E, f"{_REST} 6"),
    "archiveNamed": Limit("createSession", "archiveName, archiveResolution", "only with archiveMode always",
                          E, E, f"{_REST} 6 (Opentok-.NET-SDK#229)"),
    # Lists
    "page": Limit(_LISTS, "?offset, ?count", "whole numbers from 0 on", E, F, f"{_REST} 12.5"),
    "pageAbsent": Limit(_LISTS, "?offset, ?count, ?sessionId", "left out, rather than `undefined`, `null` or `NaN`",
                        D, D, "github.com/opentok/learning-opentok-node: `?count=undefined`"),
    "pageSize": Limit("listArchives, listBroadcasts, listRenders", "?count", "at most 1000; more is cut to it",
                      D, F, f"{_REST} 12.5"),
    # Streams, signals, muting
    "classes": Limit("setStreamClassLists, setStreamClassList", "items, layoutClassList",
                     "a list of streams, each with its id and a list of texts", E, F, f"{_REST} 8.3"),
    "signal": Limit("signalSession, signalConnection", "type, data", "texts, both given", E, E, f"{_REST} 9"),
    "signalType": Limit("signalSession, signalConnection", "type", "at most 128 bytes (413)", E, F, f"{_REST} 9"),
    "signalData": Limit("signalSession, signalConnection", "data", "at most 8192 bytes (413)", E, F, f"{_REST} 9"),
    "active": Limit("muteSession", "active", "true, false", E, E, f"{_REST} 10.2"),
    # Archives and broadcasts
    "session": Limit("startArchive, startBroadcast, " + _WITH_TOKEN, "sessionId", "a text, given", E, E,
                     f"{_REST} 12.2"),
    "outputMode": Limit("startArchive", "outputMode", "composed, individual", E, E, f"{_REST} 12.2"),
    "resolution": Limit(_COMPOSED, "resolution", _SIZES, E, E, f"{_REST} 12.2"),
    "streamMode": Limit(_COMPOSED, "streamMode", "auto, manual", E, E, f"{_REST} 12.2"),
    "archiveBitrate": Limit("startArchive", "maxBitrate", "100000 to 6000000 bit/s", E, E, f"{_REST} 12.2"),
    "quantization": Limit("startArchive", "quantizationParameter", "15 to 40, not together with maxBitrate",
                          E, E, f"{_REST} 12.2"),
    "archiveMedia": Limit("startArchive", "hasAudio, hasVideo", "not both false", E, F, f"{_REST} 12.2"),
    "composedOnly": Limit("startArchive", "resolution, layout, maxBitrate, quantizationParameter",
                          "only with outputMode composed", E, F, f"{_REST} 12.2 (Opentok-Java-SDK#174)"),
    "transcriptLanguage": Limit("startArchive", "transcriptionProperties.primaryLanguageCode",
                                "one of the 139 documented codes", E, E,
                                "github.com/api-evangelist/vonage openapi/_original/vonage-video-openapi.yml"),
    "layoutType": Limit(_LAYOUTS, "layout.type", "bestFit, pip, verticalPresentation, horizontalPresentation, custom; "
                        "focus in the spec contract alone", E, F, f"{_REST} 12.2, 16"),
    "layoutGiven": Limit(_CHANGED, "type", "given", E, F, f"{_REST} 12.8"),
    "stylesheet": Limit(_LAYOUTS, "layout.stylesheet", "given with type custom, and only then",
                        E, F, f"{_REST} 12.2 (Opentok-Java-SDK#186)"),
    "screenshare": Limit(_LAYOUTS, "layout.screenshareType",
                         "bestFit, pip, verticalPresentation, horizontalPresentation; only with type bestFit",
                         E, F, f"{_REST} 12.2"),
    "selection": Limit("selectArchiveStreams, selectBroadcastStreams", "addStream, removeStream",
                       "the id of a stream; either of them", E, F, f"{_REST} 12.9"),
    "outputs": Limit("startBroadcast", "outputs", "hls, rtmp or both", E, F, f"{_MEDIA} 1.1"),
    "hlsModes": Limit("startBroadcast", "outputs.hls", "not both dvr and lowLatency", E, F, f"{_MEDIA} 1.1"),
    "targets": Limit("startBroadcast", "outputs.rtmp", "at most 5; of a session, too", E, F, f"{_MEDIA} 1.1"),
    "targetIds": Limit("startBroadcast", "outputs.rtmp.id", "differ from each other", D, F, f"{_MEDIA} 1.1"),
    "target": Limit("startBroadcast", "outputs.rtmp.serverUrl, outputs.rtmp.streamName",
                    "an rtmp:// or rtmps:// URL; a text", E, F, f"{_MEDIA} 1.1"),
    "broadcastMedia": Limit("startBroadcast", "hasAudio, hasVideo", "not both false", D, D, f"{_MEDIA} 1.1"),
    "broadcastDuration": Limit("startBroadcast", "maxDuration", "60 to 36000 s", E, F, f"{_MEDIA} 1.1"),
    "broadcastBitrate": Limit("startBroadcast", "maxBitrate", "100000 to 6000000 bit/s", E, F, f"{_MEDIA} 1.1"),
    # SIP, captions, renders, audio connectors
    "clientToken": Limit(_WITH_TOKEN, "token", "a text, given", E, F, f"{_REST} 4"),
    "sipUri": Limit("dial", "sip.uri", "a sip: or sips: URI", E, F, f"{_MEDIA} 2.1"),
    "sipHeaders": Limit("dial", "sip.headers", "texts by name", E, F, f"{_MEDIA} 2.1"),
    "digits": Limit("playDtmfAll", "digits", "0 to 9, *, #, p", E, E, f"{_MEDIA} 2.2"),
    "digitsToOne": Limit("playDtmfConnection", "digits", "0 to 9, *, #, p", E, F, f"{_MEDIA} 2.2"),
    "captionsLanguage": Limit("startCaptions", "languageCode", "one of the 54 documented codes, in any case",
                              E, F, f"{_MEDIA} 3.1"),
    "captionsDuration": Limit("startCaptions", "maxDuration", "300 to 14400 s", E, F, f"{_MEDIA} 3.1"),
    "callbackUrl": Limit("startCaptions, startRender", "statusCallbackUrl",
                         "an http:// or https:// URL of 15 to 2048 characters", E, F, f"{_MEDIA} 3.1"),
    "renderUrl": Limit("startRender", "url", "an http:// or https:// URL with a host, of 15 to 2048 characters",
                       E, F, f"{_MEDIA} 4.1"),
    "renderDuration": Limit("startRender", "maxDuration", "60 to 36000 s", E, F, f"{_MEDIA} 4.1"),
    "renderResolution": Limit("startRender", "resolution", f"{_SIZES}; 1280x800 in the spec contract alone",
                              E, F, f"{_MEDIA} 4.1, 7"),
    "renderName": Limit("startRender", "properties.name", "1 to 200 characters; given with properties",
                        E, F, f"{_MEDIA} 4.1"),
    "socketUri": Limit("connectAudio", "websocket.uri", "a ws:// or wss:// URI", E, E, f"{_MEDIA} 5"),
    "socketHeaders": Limit("connectAudio", "websocket.headers", "texts by name, 512 bytes at most in all",
                           E, E, f"{_MEDIA} 5"),
    "audioRate": Limit("connectAudio", "websocket.audioRate", "8000, 16000, 24000", E, E, f"{_MEDIA} 5"),
    "transport": Limit("connectAudio", "websocket.audioTransport.transport", "binary, json", E, E, f"{_MEDIA} 5"),
    "encoding": Limit("connectAudio", "websocket.audioTransport.encoding", "base64; given with transport json",
                      E, E, "github.com/api-evangelist/vonage openapi/_original/vonage-video-openapi.yml"),
    # Tokens
    "tokenLife": Limit(_TOKEN, "token.exp", "at most 24 h after iat; 5 minutes for OpenTok projects",
                       D, D, f"{_REST} 3; the vendor's opentok-jwt makes tokens for 30 days"),
    "tokenSeconds": Limit(_TOKEN, "token.exp", "s since the epoch, rather than ms",
                          D, D, f"{_REST} 3; public code writes ms"),
    "tokenTimes": Limit(_TOKEN, "token.iat, token.exp", "at least one; without exp good for 15 minutes "
                        "(5 for OpenTok projects)", E, E, f"{_REST} 3"),
    "tokenFuture": Limit(_TOKEN, "token.iat, token.nbf", "not in the future (5 s are let pass)", E, E, f"{_REST} 2.2"),
    "tokenIssuer": Limit(_TOKEN, "token.iss", "a number (OpenTok projects)", E, E,
                         f"{_REST} 2.2 (opentok-node#232)"),
    "clientLife": Limit(_WITH_TOKEN, "the client token", "good for 30 days at most", E, E, f"{_REST} 4"),
    "clientRole": Limit(_WITH_TOKEN, "the client token's role",
                        "subscriber, publisher, moderator, publisheronly; captions need a moderator, renders someone "
                        "who may publish", E, E, f"{_REST} 4.1"),
    "clientTexts": Limit(_WITH_TOKEN, "the client token's connection data and layout classes",
                         "at most 1000 characters each", E, E, f"{_REST} 14"),
    "clientTimes": Limit(_WITH_TOKEN, "a T1 token's create_time and expire_time", "whole numbers", E, E,
                         "opentok-node#71, #76, #91"),
    "storage": Limit("setArchiveStorage", "type, config, fallback", "s3 with accessKey, secretKey and bucket, or azure "
                     "with accountName, accountKey and container; opentok, none", E, E, f"{_REST} 12.13"),
    # Ours
    "body": Limit(_TOKEN, "the body", "VONAGE_EMULATOR_MAX_BODY_BYTES, 1 MiB (413)", O, O, "ours"),
    "head": Limit(_TOKEN, "path, query and headers", "65536 bytes (431)", O, O, "ours"),
    "tokenSize": Limit(_TOKEN, "the token", "8192 characters; 40000 for client tokens", O, O, "ours"),
    "registrations": Limit("registerCallback", "group, event, url", "a group, an event of it, and an http:// or "
                           "https:// URL; 100 of a project", O, O, f"{_MEDIA} 6.1"),
})
# fmt: on
