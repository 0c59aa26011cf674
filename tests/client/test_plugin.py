"""The pytest plugin, in test runs of their own, as people get it by installing the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.testing import Server
from tests.plugin import installed_in

CLEARED = ("VONAGE_VIDEO_EMULATOR_URL", "VONAGE_VIDEO_EMULATOR_TOKEN", "VONAGE_VIDEO_EMULATOR_CALLBACK_HOST")


@pytest.fixture
def project(
    pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder of a project whose tests have the plugin installed."""
    for name, value in installed_in(tmp_path_factory.mktemp("installed")).items():
        monkeypatch.setenv(name, value)
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers -p no:cacheprovider\n")
    return pytester.path


def run(pytester: pytest.Pytester, *arguments: str, passed: int) -> None:
    """Run the project's tests, of which so many pass and none fails."""
    result = pytester.runpytest_subprocess(*arguments, timeout=60)
    result.assert_outcomes(passed=passed)


@pytest.mark.usefixtures("project")
def test_each_test_gets_an_application_with_clock_participants_and_callbacks(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from vonage_video_emulator.client import ApplicationClient, Clock, Participants
        from vonage_video_emulator.testing import Callbacks, Server

        seen = []

        @pytest.mark.parametrize("turn", [1, 2])
        def test_application(turn, video_emulator, video_application):
            assert isinstance(video_emulator, Server)
            assert isinstance(video_application, ApplicationClient)
            assert video_application.name == f"test_application[{turn}]"
            applications = [each.id for each in video_emulator.emulator.applications()]
            assert video_application.id in applications
            assert not set(seen) & set(applications)
            seen.append(video_application.id)

        def test_parts(video_application, video_clock, video_participants, video_callbacks):
            assert isinstance(video_clock, Clock)
            assert isinstance(video_participants, Participants)
            assert isinstance(video_callbacks, Callbacks)
            video_clock.freeze()
            assert video_application.clock_state().frozen
            assert len(video_application.options["webhooks"]) == 15
            assert video_callbacks.outbox.callbacks() == []
            assert video_callbacks.secret == video_application.signature_secret
        """
    )
    run(pytester, passed=3)


@pytest.mark.usefixtures("project")
def test_markers_set_options_and_the_nearest_wins(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.video_application(pace="instant", contract="spec")

        @pytest.mark.video_application(autoParticipants=2, contract="service")
        def test_options(video_application):
            options = video_application.options
            assert (options["pace"], options["contract"], options["autoParticipants"]) == ("instant", "service", 2)
        """
    )
    run(pytester, passed=1)


@pytest.mark.usefixtures("project")
def test_an_unknown_option_is_told_with_a_suggestion(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.video_application(pase="instant")
        def test_options(video_application):
            pass
        """
    )
    result = pytester.runpytest_subprocess(timeout=60)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*pase: there is no such field (did you mean pace?)*"])


@pytest.mark.usefixtures("project")
def test_a_refusal_shows_the_test_and_nothing_of_the_client(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_refused(video_application):
            video_application.join("nosuch", count=0)
        """
    )
    result = pytester.runpytest_subprocess(timeout=60)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *RequestRefusedError: Invalid session id. *"])
    result.stdout.no_fnmatch_line("*transport.py*")
    result.stdout.no_fnmatch_line("*application.py*")


OWN_MODULES = """
    import emulator, scenarios, state

    def test_own_modules(video_emulator, video_application, video_callbacks):
        assert emulator.OURS and state.OURS and scenarios.OURS
        video_application.advance(60)
        assert video_callbacks.received() == []
"""


@pytest.mark.parametrize("python", [False, True], ids=["pytest", "python -m pytest"])
def test_a_project_may_have_modules_of_the_same_names(pytester: pytest.Pytester, project: Path, python: bool) -> None:
    for name in ("emulator", "state", "scenarios"):
        (project / f"{name}.py").write_text("OURS = True")
    pytester.makepyfile(OWN_MODULES)
    if python:
        result = pytester.runpython_c("import sys; sys.path.insert(0, ''); import pytest; sys.exit(pytest.main())")
        result.assert_outcomes(passed=1)
    else:
        run(pytester, passed=1)


@pytest.mark.usefixtures("project")
def test_an_emulator_that_runs_already_is_used(
    pytester: pytest.Pytester, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        f"""
        def test_url(video_emulator, video_application):
            assert video_emulator.http == {server.http!r}
            assert video_emulator.https == {server.https.replace("localhost", "127.0.0.1")!r}
            assert video_emulator.callback_host == "localhost"
        """
    )
    run(pytester, f"--video-emulator-url={server.http}", passed=1)
    monkeypatch.setenv("VONAGE_VIDEO_EMULATOR_URL", f"{server.http}/")
    run(pytester, passed=1)


@pytest.mark.usefixtures("project")
def test_an_emulator_elsewhere_reaches_receivers_by_the_name_that_is_given(
    pytester: pytest.Pytester, server: Server
) -> None:
    pytester.makepyfile(
        """
        def test_url(video_callbacks):
            assert video_callbacks.url.startswith("http://tests.example:")
        """
    )
    run(
        pytester,
        f"--video-emulator-url={server.http}",
        "--video-emulator-callback-host=tests.example",
        passed=1,
    )


@pytest.mark.usefixtures("project")
def test_flags_of_the_emulator_are_set_in_the_configuration(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nvideo_emulator_flags = --no-https --config emulator.yaml\n")
    pytester.path.joinpath("emulator.yaml").write_text("pace: realistic\n", encoding="utf-8")
    pytester.makepyfile(
        """
        def test_flags(video_emulator):
            assert video_emulator.https == ""
            assert video_emulator.emulator.info()["pace"] == "realistic"
        """
    )
    run(pytester, passed=1)


@pytest.mark.usefixtures("project")
def test_a_run_that_does_not_use_it_imports_next_to_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_imports(request):
            assert request.config.pluginmanager.has_plugin("vonage_video_emulator")
            loaded = {name for name in sys.modules if name.partition(".")[0] in ("emulator", "vonage_video_emulator")}
            assert loaded == {"vonage_video_emulator", "vonage_video_emulator.pytest_plugin"}
            assert not {"httpx", "fastapi", "pydantic", "state"} & set(sys.modules)
        """
    )
    run(pytester, "-p", "no:schemathesis", passed=1)


@pytest.mark.usefixtures("project")
def test_markers_ask_for_failures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.video_fault("conflict", "startArchive", nth=2)
        @pytest.mark.video_scenario("region-outage", seconds=60)
        def test_failures(video_application):
            rules = {rule.source: rule for rule in video_application.faults.list()}
            assert len(rules) == 2
            assert rules[""].when == {"operation": "startArchive", "nth": 2}
            assert video_application.scenario("region-outage").inspect()["hits"] == 0

        def test_none(video_application):
            assert video_application.faults.list() == []
        """
    )
    run(pytester, passed=2)


@pytest.mark.usefixtures("project")
def test_the_sdks_are_ready_to_use_in_the_application_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os
        import pytest
        from vonage_video.models import CreateArchiveRequest

        @pytest.fixture(autouse=True)
        def untrusted(monkeypatch):
            for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
                monkeypatch.delenv(name, raising=False)

        @pytest.mark.video_application(pace="instant", autoParticipants=1)
        def test_vonage(video_vonage, video_application):
            session = video_vonage.video.create_session().session_id
            archive = video_vonage.video.start_archive(CreateArchiveRequest(session_id=session))
            assert archive.application_id == video_application.id

        @pytest.mark.video_application(autoParticipants=1)
        def test_opentok(video_opentok, video_application):
            from opentok import MediaModes
            session = video_opentok.create_session(media_mode=MediaModes.routed).session_id
            assert video_opentok.start_archive(session).status == "started"
            assert [each.operation for each in video_application.requests()] == ["createSession", "startArchive"]

        def test_trust_ends_with_the_test():
            assert "REQUESTS_CA_BUNDLE" not in os.environ
        """
    )
    run(pytester, passed=3)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["vonage", "opentok"])
def test_an_sdk_that_is_missing_or_old_fails_with_the_way_to_get_it(pytester: pytest.Pytester, name: str) -> None:
    pytester.makepyfile(
        f"""
        import sys, types
        import pytest

        @pytest.fixture(params=[None, types.ModuleType("{name}")])
        def absent(request, monkeypatch):
            monkeypatch.setitem(sys.modules, "{name}", request.param)

        def test_sdk(absent, video_{name}):
            pass
        """
    )
    result = pytester.runpytest_subprocess(timeout=60)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([f"*pip install {name}*", f"*pip install --upgrade {name}*"])
