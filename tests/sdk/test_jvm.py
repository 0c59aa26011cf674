"""The suites of the Java SDKs: Maven runs `jvm`, and each of its tests is reported here.

Maven keeps what it downloads in its own repository, `~/.m2`, and is asked offline first.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator import wellknown
from emulator.cli.recipes import RecipeTarget, recipe
from emulator.testing import Server
from tests.sdk.foreign import NEWEST, Run, completed, junit, tool, unavailable
from tests.sdk.results import Results, Sdk

JVM = Path(__file__).parent / "jvm"
SUITES = {"vonage-java": "vonage", "opentok-java": "opentok"}
"""The package with the suite of each SDK."""
JARS = {"vonage-java": "com/vonage/server-sdk", "opentok-java": "com/tokbox/opentok-server-sdk"}
AGENTS = {"vonage-java": "vonage-java-sdk", "opentok-java": "Opentok-Java-SDK"}
TITLE = re.compile(r"@Test\s+void (\w+)\(")
RUN_SECONDS = 300
SESSIONS = ("client.getVideoClient().createSession()", "opentok.createSession()")
PINS = ("vonage.version", "opentok.version")


def titles(package: str) -> list[str]:
    """Return the name of every test of a package, read without running it."""
    sources = sorted((JVM / "src/test/java" / package).glob("*Test.java"))
    return [title for path in sources for title in TITLE.findall(path.read_text("utf-8"))]


CASES = [pytest.param(sdk, title, id=f"{sdk}-{title}") for sdk in SUITES for title in titles(SUITES[sdk])]


@dataclass
class Suites:
    """One run of all suites: what each said, by SDK, and the class path they ran with."""

    runs: dict[str, Run]
    class_path: str


@pytest.fixture(scope="session")
def suites(server: Server, sdk_results: Results, tmp_path_factory: pytest.TempPathFactory) -> Suites:
    """One run of all suites against the emulator."""
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
    found = Suites({sdk: Run(output=output) for sdk in SUITES}, "")
    for path in reports:
        report = ElementTree.parse(path).getroot()
        package = path.name.removeprefix("TEST-").partition(".")[0]
        sdk = next(sdk for sdk, name in SUITES.items() if name == package)
        found.runs[sdk].failures |= junit(report)
        properties = {item.get("name"): item.get("value", "") for item in report.iter("property")}
        found.class_path = os.pathsep.join(
            path for path in properties["surefire.test.class.path"].split(os.pathsep) if path.endswith(".jar")
        )
    for sdk, run in found.runs.items():
        version = found.class_path.partition(f"{JARS[sdk]}/")[2].partition("/")[0]
        sdk_results.of_run(server, Sdk(sdk, version, AGENTS[sdk]), run.failures)
    return found


@pytest.mark.parametrize(("sdk", "title"), CASES)
def test_java(suites: Suites, sdk: str, title: str) -> None:
    """One test of a Java suite."""
    suites.runs[sdk].check(title)


@pytest.mark.parametrize("sdk", SUITES)
def test_java_runs_nothing_that_is_not_reported_here(suites: Suites, sdk: str) -> None:
    assert suites.runs[sdk].failures.keys() - set(titles(SUITES[sdk])) == set(), suites.runs[sdk].output


@pytest.mark.parametrize("sdk", SUITES)
def test_java_titles_are_unique_so_that_no_result_hides_another(sdk: str) -> None:
    found = titles(SUITES[sdk])
    assert len(found) == len(set(found)) > 0


def test_the_recipe_runs_as_printed(server: Server, suites: Suites, tmp_path: Path) -> None:
    key = tmp_path / "private.key"
    key.write_text(wellknown.PRIVATE_KEY)
    lines = recipe("java", RecipeTarget(server.http, server.https, server.ca, key)).splitlines()
    lines += [f"System.out.println({session}.getSessionId());" for session in SESSIONS]
    lines += ["opentok.close();"]  # its threads keep a program alive
    imports = [line for line in lines if line.startswith("import ")]
    statements = [line for line in lines if not line.startswith("import ")]
    program = tmp_path / "Recipe.java"
    program.write_text(
        "\n".join(
            [*imports, "class Recipe { public static void main(String... a) throws Exception {", *statements, "}}"]
        )
    )
    java = [tool("Java SDK", "java"), "-cp", suites.class_path, str(program)]
    done = completed(java, tmp_path, 60)
    assert [line[:2] for line in done.stdout.split()] == ["2_", "2_"], done.stdout + done.stderr
