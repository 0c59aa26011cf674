"""Archives: start, stop, get, list, delete, layout, streams."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response

from emulator import wire
from emulator.api.compositions import select_streams
from emulator.call import Call, Handler
from emulator.schemas.archives import StartArchive
from emulator.schemas.common import ChangedLayout
from state import archives, broadcasts
from state.archives import Archive
from state.errors import Unknown


def _answer(call: Call, archive: Archive, *, started: bool = False) -> Response:
    return call.answer(_shape(call, archive, started=started))


def _shape(call: Call, archive: Archive, *, started: bool = False) -> wire.Json:
    return call.shape("Archive", wire.archive(call.speaker, archive, started=started))


async def start_archive(call: Call) -> Response:
    body = call.body(StartArchive)
    with call.unit() as app:
        archive = archives.start(app, call.session(app, body.session_id), body.state())
        return _answer(call, archive, started=True)


async def list_archives(call: Call) -> Response:
    with call.unit() as app:
        return call.page(app.archives, lambda archive: _shape(call, archive), by_session=True)


async def get_archive(call: Call) -> Response:
    with call.unit() as app:
        archive = app.archives.get(call.params["archiveId"])
        if archive.status == "deleted" and app.options.deleted_archive == "gone":
            raise Unknown("archive")
        return _answer(call, archive)


async def delete_archive(call: Call) -> Response:
    with call.unit() as app:
        archives.delete(app, call.params["archiveId"])
    return call.answer()


async def stop_archive(call: Call) -> Response:
    with call.unit() as app:
        return _answer(call, archives.stop(app, call.params["archiveId"], again=call.contract.stop_again))


async def set_archive_layout(call: Call) -> Response:
    layout = call.body(ChangedLayout).state()
    with call.unit() as app:
        return _answer(call, archives.set_layout(app, call.params["archiveId"], layout))


async def select_archive_streams(call: Call) -> Response:
    archive_id = call.params["archiveId"]
    with call.unit() as app:
        state = broadcasts if app.broadcasts.has(archive_id) else archives  # one SDK comes here for both (4A.16)
        select_streams(call, app, state, archive_id)
    return call.answer()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "startArchive": start_archive,
        "listArchives": list_archives,
        "getArchive": get_archive,
        "deleteArchive": delete_archive,
        "stopArchive": stop_archive,
        "setArchiveLayout": set_archive_layout,
        "selectArchiveStreams": select_archive_streams,
    }
)
