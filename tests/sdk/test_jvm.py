"""The suites of the Java SDKs: Maven runs `jvm`, and each of its tests is reported here.

Maven keeps what it downloads in its own repository, `~/.m2`, and is asked offline first.
"""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from emulator.testing import Server
from tests.sdk.foreign import NEWEST, Run, completed, junit, tool, unavailable

JVM = Path(__file__).parent / "jvm"
SUITES = {"vonage-java": "vonage", "opentok-java": "opentok"}
"""The package with the suite of each SDK."""
TITLE = re.compile(r"@Test\s+void (\w+)\(")
RUN_SECONDS = 300
PINS = ("vonage.version", "opentok.version")


def titles(package: str) -> list[str]:
    """Return the name of every test of a package, read without running it."""
    sources = sorted((JVM / "src/test/java" / package).glob("*Test.java"))
    return [title for path in sources for title in TITLE.findall(path.read_text("utf-8"))]


CASES = [pytest.param(sdk, title, id=f"{sdk}-{title}") for sdk in SUITES for title in titles(SUITES[sdk])]


@pytest.fixture(scope="session")
def runs(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """One run of all suites against the emulator, by SDK."""
    maven = tool("Java SDK", "mvn")
    tool("Java SDK", "javac")
    folder = tmp_path_factory.mktemp("jvm")
    command = [maven, "--quiet", "--batch-mode", f"-Dfolder={folder / 'target'}", "test"]
    if NEWEST:
        command += ["--update-snapshots", *(f"-D{pin}=RELEASE" for pin in PINS)]
    output = ""
    for offline in ([], []) if NEWEST else (["--offline"], []):
        done = completed([*command, *offline], JVM, RUN_SECONDS, {"EMULATOR_URL": server.http})
        output = f"{done.stdout}\n{done.stderr}"
        reports = sorted((folder / "target" / "surefire-reports").glob("TEST-*.xml"))
        if reports or "COMPILATION ERROR" in output:
            break
    else:
        unavailable("Java SDK", f"Maven ended with status {done.returncode}:\n{output}")
    found = {sdk: Run(output=output) for sdk in SUITES}
    for path in reports:
        package = path.name.removeprefix("TEST-").partition(".")[0]
        sdk = next(sdk for sdk, name in SUITES.items() if name == package)
        found[sdk].failures |= junit(ElementTree.parse(path).getroot())
    shutil.rmtree(folder, ignore_errors=True)
    return found


@pytest.mark.parametrize(("sdk", "title"), CASES)
def test_java(runs: dict[str, Run], sdk: str, title: str) -> None:
    """One test of a Java suite."""
    runs[sdk].check(title)


@pytest.mark.parametrize("sdk", SUITES)
def test_java_runs_nothing_that_is_not_reported_here(runs: dict[str, Run], sdk: str) -> None:
    assert runs[sdk].failures.keys() - set(titles(SUITES[sdk])) == set(), runs[sdk].output


@pytest.mark.parametrize("sdk", SUITES)
def test_java_titles_are_unique_so_that_no_result_hides_another(sdk: str) -> None:
    found = titles(SUITES[sdk])
    assert len(found) == len(set(found)) > 0
