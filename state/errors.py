"""What can be refused, as small classes that hold data. They know no HTTP: emulator/errors.py translates them."""

from __future__ import annotations


class Refused(Exception):
    """A call that the rules of the service forbid; the state is unchanged."""


class UnknownApplication(Refused):
    """No application has this id."""

    def __init__(self, application_id: str) -> None:
        super().__init__(f"unknown application {application_id}")
        self.application_id = application_id


class ApplicationExists(Refused):
    """An application with this id or api key exists already."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"{field} {value} is taken")
        self.field = field
        self.value = value


class InvalidSessionId(Refused):
    """The text is not a session id."""


class UnknownSession(Refused):
    """The session belongs to another application."""


class NoClients(Refused):
    """Nobody is connected to the session."""


class NeverUsedError(Refused):
    """Nobody ever connected to the session: for the service there is none yet."""


class NoStreamsYet(Refused):
    """The session has not had any stream."""


class NotConnected(Refused):
    """The connection is not in the session."""


class UnknownStream(Refused):
    """The stream is not in the session."""


class NotRouted(Refused):
    """A relayed session cannot do what needs the media server; `feature` says what was asked for."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"{feature} needs a routed session")
        self.feature = feature


class MalformedId(Refused):
    """An id that is not a UUID; `kind` says of what (archive, broadcast, render …)."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"malformed {kind} id")
        self.kind = kind


class Unknown(Refused):
    """There is no such archive, broadcast, render, captions run or connector; `kind` says which."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"unknown {kind}")
        self.kind = kind


class AlreadyRunning(Refused):
    """The session has one already; for archives and broadcasts: with the same tag, which `action` tells apart."""

    def __init__(self, kind: str, tag: str = "") -> None:
        super().__init__(f"{kind} is already running")
        self.kind = kind
        self.action = "tag" if tag else ""


class WrongStatus(Refused):
    """What was asked is not possible in this status."""

    def __init__(self, kind: str, action: str, status: str) -> None:
        super().__init__(f"cannot {action} {kind} in status {status}")
        self.kind = kind
        self.action = action
        self.status = status


class SelectsItself(Refused):
    """Streams cannot be chosen: the archive or broadcast selects them by itself."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} selects its streams by itself")
        self.kind = kind


class NotComposed(Refused):
    """An individual archive has no layout."""


class MigrationInProgress(Refused):
    """The session is migrating."""


class MigrationTooSoon(Refused):
    """The session was made or migrated a moment ago."""


class TooManyRegistrations(Refused):
    """The project has as many registered callbacks as it may have."""


class TooManyTargets(Refused):
    """A session can be sent to a handful of RTMP servers at once."""


class NoCall(Refused):
    """There is no SIP call to play digits to."""
