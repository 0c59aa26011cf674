"""Sessions of an application and who is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from .models import Call, Participant, Session, Signal, Stream, read, read_all
from .transport import ApiRequest, Async, Part, Steps, Sync, api_call, camel

Role = Literal["publisher", "subscriber", "moderator", "publisheronly"]
LeaveReason = Literal["clientDisconnected", "forceDisconnected", "networkDisconnected"]
SessionReason = Literal["clientDisconnected", "forceDisconnected", "mediaIdle"]
UnpublishReason = Literal[
    "clientDisconnected", "forceDisconnected", "forceUnpublished", "mediaStopped", "networkDisconnected"
]
VideoType = Literal["camera", "screen", "custom"]


class SessionCalls(Part):
    """Do what clients with a camera would do, and see what they would see.

    All of these raise `RequestRefusedError`: 404 for a session, connection or stream that is not there, 400 for a value
    that is not allowed.
    """

    @api_call
    def sessions(self) -> Steps[list[Session]]:
        """Return every session, oldest first."""
        response = yield ApiRequest("GET", "/sessions")
        return read_all(Session, response["items"])

    @api_call
    def session(self, session_id: str) -> Steps[Session]:
        """Return a session with everybody in it."""
        response = yield ApiRequest("GET", f"/sessions/{session_id}")
        return read(Session, response)

    @api_call
    def join(
        self,
        session_id: str,
        count: int = 1,
        *,
        data: str | None = None,
        role: Role | None = None,
        streams: Sequence[Mapping[str, Any]] | None = None,
        token: str | None = None,
        migrates: bool | None = None,
    ) -> Steps[list[Participant]]:
        """Let `count` participants join.

        Each publishes one camera stream unless `streams` says which (`[]`: none); a stream has `name`, `video_type`,
        `has_audio`, `has_video`, `layout_class_list`. A client `token` gives data, role and layout classes, and is
        verified as the service would. `migrates` says whether they follow the session to another media server; left
        out, the application's option `clients_migrate` does.
        """
        body: dict[str, Any] = {"count": count, "data": data, "role": role, "token": token, "migrates": migrates}
        if streams is not None:
            body["streams"] = [_fields(stream) for stream in streams]
        response = yield ApiRequest("POST", f"/sessions/{session_id}/participants", _given(body))
        return read_all(Participant, response["items"])

    @api_call
    def leave(
        self,
        session_id: str,
        connection_id: str,
        *,
        reason: LeaveReason = "clientDisconnected",
        session_reason: SessionReason | None = None,
    ) -> Steps[None]:
        """Let a participant leave; `session_reason` is that of the session's end, if this was the last one."""
        params = _given({"reason": reason, "sessionReason": session_reason})
        yield ApiRequest("DELETE", f"/sessions/{session_id}/participants/{connection_id}", params=params)

    @api_call
    def publish(
        self,
        session_id: str,
        connection_id: str,
        *,
        name: str = "",
        video_type: VideoType = "camera",
        has_audio: bool = True,
        has_video: bool = True,
        layout_class_list: Sequence[str] | None = None,
    ) -> Steps[Stream]:
        """Let a participant publish a stream; `layout_class_list` left out is that of its token."""
        body = {"name": name, "videoType": video_type, "hasAudio": has_audio, "hasVideo": has_video}
        if layout_class_list is not None:
            body["layoutClassList"] = list(layout_class_list)
        response = yield ApiRequest("POST", f"/sessions/{session_id}/participants/{connection_id}/streams", body)
        return read(Stream, response)

    @api_call
    def change_stream(
        self,
        session_id: str,
        stream_id: str,
        *,
        has_audio: bool | None = None,
        has_video: bool | None = None,
        video_type: VideoType | None = None,
        muted: bool | None = None,
    ) -> Steps[Stream]:
        """Switch audio or video of a stream on or off, as its client would; what is left out stays."""
        body = {"hasAudio": has_audio, "hasVideo": has_video, "videoType": video_type, "muted": muted}
        response = yield ApiRequest("PATCH", f"/sessions/{session_id}/streams/{stream_id}", _given(body))
        return read(Stream, response)

    @api_call
    def mute(self, session_id: str, stream_id: str) -> Steps[Stream]:
        """Mute a stream by force."""
        response = yield ApiRequest("PATCH", f"/sessions/{session_id}/streams/{stream_id}", {"muted": True})
        return read(Stream, response)

    @api_call
    def unmute(self, session_id: str, stream_id: str) -> Steps[Stream]:
        """Take back that a stream was muted by force."""
        response = yield ApiRequest("PATCH", f"/sessions/{session_id}/streams/{stream_id}", {"muted": False})
        return read(Stream, response)

    @api_call
    def unpublish(
        self, session_id: str, stream_id: str, *, reason: UnpublishReason = "clientDisconnected"
    ) -> Steps[None]:
        """Let a stream end."""
        yield ApiRequest("DELETE", f"/sessions/{session_id}/streams/{stream_id}", params={"reason": reason})

    @api_call
    def signals(self, session_id: str) -> Steps[list[Signal]]:
        """Return the signals that the server sent to a session, oldest first."""
        response = yield ApiRequest("GET", f"/sessions/{session_id}/signals")
        return read_all(Signal, response["items"])

    @api_call
    def calls(self) -> Steps[list[Call]]:
        """Return the SIP calls of the application with the digits played to them, oldest first."""
        response = yield ApiRequest("GET", "/calls")
        return read_all(Call, response["items"])


class Participants(SessionCalls, Sync):
    """The people in an application's sessions."""


class AsyncParticipants(SessionCalls, Async):
    """The people in an application's sessions; answers are awaited."""


def _fields(stream: Mapping[str, Any]) -> dict[str, Any]:
    return {camel(name): value for name, value in stream.items()}


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
