"""The description of the API, and a fuzz run that follows it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from emulator.spec.operations import OPERATIONS
from emulator.spec.schemas.bodies import BODIES

# The 33 of the specification, and what the live service and SDKs have besides.
SPECIFIED = (
    "createSession listConnections forceDisconnect migrateSession listStreams setStreamClassLists getStream "
    "muteSession muteStream signalSession signalConnection listArchives startArchive getArchive deleteArchive "
    "stopArchive setArchiveLayout selectArchiveStreams listBroadcasts startBroadcast getBroadcast "
    "stopBroadcast setBroadcastLayout selectBroadcastStreams dial playDtmfAll playDtmfConnection startCaptions "
    "stopCaptions listRenders startRender getRender stopRender"
).split()


def test_every_operation_of_the_specification_is_described_by_its_name(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    described = {operation["operationId"] for path in paths.values() for operation in path.values()}
    assert len(SPECIFIED) == 33
    assert set(SPECIFIED) <= described
    assert {operation.id for operation in OPERATIONS} <= described


def test_every_reference_leads_somewhere(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    text = client.get("/openapi.json").text
    schemas = document["components"]["schemas"]
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(schemas)
    assert "$defs" not in text


def test_operations_with_a_body_are_described_with_it() -> None:
    assert set(BODIES) <= {operation.id for operation in OPERATIONS}


def test_the_page_shows_the_operations(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    for name in SPECIFIED:
        assert name in page.text


@pytest.mark.parametrize("asset", ["https://", "http://", "src=", "cdn"])
def test_the_page_needs_nothing_from_elsewhere(client: TestClient, asset: str) -> None:
    assert asset not in client.get("/docs").text
