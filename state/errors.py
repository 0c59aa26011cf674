"""What can be refused, as small classes that hold data. They know no HTTP: emulator/spec/errors.py translates them."""

from __future__ import annotations


class ServiceError(Exception):
    """A call that the rules of the service forbid; the state is unchanged."""


class UnknownApplicationError(ServiceError):
    """No application has this id."""

    def __init__(self, application_id: str) -> None:
        super().__init__(f"unknown application {application_id}")
        self.application_id = application_id


class ApplicationExistsError(ServiceError):
    """An application with this id or api key exists already."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"{field} {value} is taken")
        self.field = field
        self.value = value


class InvalidSessionIdError(ServiceError):
    """The text is not a session id."""


class UnknownSessionError(ServiceError):
    """The session belongs to another application."""


class NoClientsError(ServiceError):
    """Nobody is connected to the session."""


class NeverUsedError(ServiceError):
    """Nobody ever connected to the session: for the service there is none yet."""


class NoStreamsYetError(ServiceError):
    """The session has not had any stream."""


class NotConnectedError(ServiceError):
    """The connection is not in the session."""


class UnknownStreamError(ServiceError):
    """The stream is not in the session."""


class NotRoutedError(ServiceError):
    """A relayed session cannot do what needs the media server; `feature` says what was asked for."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"{feature} needs a routed session")
        self.feature = feature


class MalformedIdError(ServiceError):
    """An id that is not a UUID; `kind` says of what (archive, broadcast, render …)."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"malformed {kind} id")
        self.kind = kind


class UnknownResourceError(ServiceError):
    """There is no such archive, broadcast, render, captions run or connector; `kind` says which."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"unknown {kind}")
        self.kind = kind


class AlreadyRunningError(ServiceError):
    """The session has one already; for archives and broadcasts: with the same tag, which `action` tells apart."""

    def __init__(self, kind: str, tag: str = "") -> None:
        super().__init__(f"{kind} is already running")
        self.kind = kind
        self.action = "tag" if tag else ""


class WrongStatusError(ServiceError):
    """What was asked is not possible in this status."""

    def __init__(self, kind: str, action: str, status: str) -> None:
        super().__init__(f"cannot {action} {kind} in status {status}")
        self.kind = kind
        self.action = action
        self.status = status


class SelectsItselfError(ServiceError):
    """Streams cannot be chosen: the archive or broadcast selects them by itself."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} selects its streams by itself")
        self.kind = kind


class NotComposedError(ServiceError):
    """An individual archive has no layout."""


class MigrationInProgressError(ServiceError):
    """The session is migrating."""


class MigrationTooSoonError(ServiceError):
    """The session was made or migrated a moment ago."""


class TooManyRegistrationsError(ServiceError):
    """The project has as many registered callbacks as it may have."""


class TooManyTargetsError(ServiceError):
    """A session can be sent to a handful of RTMP servers at once."""


class NoCallError(ServiceError):
    """There is no SIP call to play digits to."""


class TooManyApplicationsError(Exception):
    """There are as many applications as there may be."""

    def __init__(self, most: int) -> None:
        super().__init__(f"there are {most} applications, the most that VONAGE_EMULATOR_APPLICATION_SIZE allows")
