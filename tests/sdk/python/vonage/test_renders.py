"""Experience Composer renders, driven by the `vonage` package."""

from __future__ import annotations

import pytest
from vonage import Video
from vonage_http_client.errors import ForbiddenError, HttpRequestError, NotFoundError
from vonage_video.models import (
    ExperienceComposer,
    ExperienceComposerOptions,
    ExperienceComposerProperties,
    ListExperienceComposersFilter,
)

from emulator.client import ApplicationClient
from tests.eventually import eventually
from tests.sdk.python.vonage.client import Moment, body, client_token, is_lower_uuid, status

NOTHING = "00000000-0000-4000-8000-00000000dead"
PAGE = "https://example.com/scoreboard"


def start(video: Video, session_id: str, **options: object) -> ExperienceComposer:
    token = client_token(video, session_id, "publisher")
    return video.start_experience_composer(
        ExperienceComposerOptions(session_id=session_id, token=token, url=PAGE, **options)
    )


def until(video: Video, render_id: str, wanted: str) -> ExperienceComposer:
    """Wait until the render has the status `wanted` and return it."""

    def probe() -> ExperienceComposer | None:
        render = video.get_experience_composer(render_id)
        return render if render.status == wanted else None

    found = eventually(probe, f"render {render_id} is {wanted}")
    assert found is not None
    return found


def test_accepted_render_is_starting_and_has_no_stream_yet(
    video: Video, application: ApplicationClient, session_id: str
) -> None:
    moment = Moment()
    render = start(video, session_id)
    assert status(video) == 202
    assert is_lower_uuid(render.id)
    assert (render.session_id, render.application_id) == (session_id, application.id)
    assert (render.status, render.url, render.resolution) == ("starting", PAGE, "1280x720")
    assert moment.saw(render.created_at)
    assert render.updated_at == render.created_at
    answer = body(video)
    assert answer["event"] == "render"
    for absent in ("streamId", "reason", "name", "callbackUrl"):
        assert absent not in answer


def test_render_repeats_its_name_only_in_the_answer_to_start(video: Video, session_id: str) -> None:
    properties = ExperienceComposerProperties(name="scoreboard")
    render = start(video, session_id, max_duration=60, resolution="1080x1920", properties=properties)
    assert (render.name, render.resolution) == ("scoreboard", "1080x1920")
    assert video.get_experience_composer(render.id).name is None


def test_started_render_joins_the_session_and_publishes_under_its_name(
    video: Video, application: ApplicationClient, session_id: str
) -> None:
    render = start(video, session_id, properties=ExperienceComposerProperties(name="scoreboard"))
    started = until(video, render.id, "started")
    assert len(application.session(session_id).connection_ids) == 1
    (stream,) = video.list_streams(session_id)
    assert (stream.id, stream.name) == (started.stream_id, "scoreboard")
    assert started.created_at % 1000 == 0
    assert started.updated_at % 1000 == 0


def test_stopped_render_says_why_and_leaves_the_session(
    video: Video, application: ApplicationClient, session_id: str
) -> None:
    render_id = start(video, session_id).id
    until(video, render_id, "started")
    assert video.stop_experience_composer(render_id) is None
    assert status(video) == 204
    stopped = video.get_experience_composer(render_id)
    assert stopped.status == "stopped"
    assert stopped.reason.lower().rstrip(".") == "stop requested"
    assert application.session(session_id).connection_ids == []


def test_render_ends_by_itself_after_its_maximum_duration(
    video: Video, application: ApplicationClient, session_id: str
) -> None:
    render_id = start(video, session_id, max_duration=60).id
    application.freeze()
    application.advance(70)
    ended = video.get_experience_composer(render_id)
    assert ended.status == "stopped"
    assert ended.reason.lower().rstrip(".") == "max duration exceeded"


def test_list_is_newest_first_counts_all_pages_and_keeps_what_stopped(video: Video, session_id: str) -> None:
    first, second = start(video, session_id).id, start(video, session_id).id
    video.stop_experience_composer(first)
    renders, count, _ = video.list_experience_composers()
    assert [(render.id, render.url) for render in renders] == [(second, PAGE), (first, PAGE)]
    assert renders[1].status == "stopped"
    assert count == 2

    page, count, _ = video.list_experience_composers(ListExperienceComposersFilter(offset=1, page_size=1))
    assert ([render.id for render in page], count) == ([first], 2)


def test_render_needs_a_routed_session(video: Video, relayed: str) -> None:
    with pytest.raises(HttpRequestError) as refused:
        start(video, relayed)
    assert refused.value.response.status_code == 409


def test_token_of_somebody_who_cannot_publish_is_refused(video: Video, session_id: str) -> None:
    token = client_token(video, session_id, "subscriber")
    with pytest.raises(ForbiddenError):
        video.start_experience_composer(ExperienceComposerOptions(session_id=session_id, token=token, url=PAGE))


def test_unknown_render_is_not_found(video: Video) -> None:
    with pytest.raises(NotFoundError):
        video.get_experience_composer(NOTHING)
    with pytest.raises(NotFoundError):
        video.stop_experience_composer(NOTHING)


def test_render_cannot_be_stopped_twice(video: Video, session_id: str) -> None:
    render_id = start(video, session_id).id
    video.stop_experience_composer(render_id)
    with pytest.raises(NotFoundError):
        video.stop_experience_composer(render_id)
