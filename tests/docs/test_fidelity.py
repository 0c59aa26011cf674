"""The facts that the code cites can be looked up."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "fidelity"
PLACES = ("emulator", "state", "scenarios", "tests", "benchmarks", "docs")
KINDS = {".py", ".md", ".yaml", ".js", ".java", ".go"}
SECTION = r"\d+[A-Z]?(?:\.\d+)*"
SECTIONS = rf"[ (]+{SECTION}(?:(?:, | and | to ){SECTION}(?![\w/]))*"
REFERENCE = re.compile(
    rf"fidelity/(?P<page>[a-z-]+)\.md(?P<sections>{SECTIONS})?"
    rf"(?:\)?,?(?: and)?\s+(?P<page2>[a-z-]+)\.md(?P<sections2>{SECTIONS}))?"
)
BARE = re.compile(r"\(((?:\d{1,2}\.\d{1,2}, )*\d{1,2}\.\d{1,2})[,;)]")


@cache
def sections(page: str) -> set[str]:
    """Return the numbers of the headings of a page, and of the items of lists below them."""
    found, heading = set(), ""
    for line in (FOLDER / f"{page}.md").read_text("utf-8").splitlines():
        if match := re.match(rf"##+ ({SECTION})\.? ", line):
            heading = match[1]
            found.add(heading)
        elif item := re.match(r"(\d+)\. ", line):
            found.add(f"{heading}.{item[1]}")
    return found


def sources(*places: str) -> Iterator[Path]:
    """Yield the files that may cite a fact."""
    for path in (path for place in places for path in sorted((ROOT / place).rglob("*"))):
        if path.suffix in KINDS and path != Path(__file__) and not {FOLDER, ROOT / "node_modules"} & {*path.parents}:
            yield path


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pages and sections that a text names, with an empty section for a page as a whole."""
    for match in REFERENCE.finditer(re.sub(r"\s*\n\s*(?:#|//|\*)?\s*", " ", text)):
        for page, numbers in ((match["page"], match["sections"]), (match["page2"], match["sections2"])):
            for number in (re.findall(SECTION, numbers or "") or [""]) if page else []:
                yield page, number


def comments(path: Path) -> Iterator[str]:
    """Yield the comments and docstrings of a module."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.startswith('"""')):
                yield token.string


CITED = [(str(path.relative_to(ROOT)), *each) for path in sources(*PLACES) for each in cited(path.read_text("utf-8"))]
ALL = sorted({(page, section) for _, page, section in CITED})
MODULES = sorted(sources("emulator", "state", "scenarios"))


def test_the_code_cites_facts() -> None:
    assert len(CITED) > 90
    assert {page for page, _ in ALL} >= {"rest-and-archives", "broadcasts-sip-captions-renders-callbacks", "sdk-wire"}


@pytest.mark.parametrize(("page", "section"), ALL)
def test_a_cited_fact_is_there(page: str, section: str) -> None:
    places = [where for where, *reference in CITED if reference == [page, section]]
    assert (FOLDER / f"{page}.md").is_file(), places
    assert not section or section in sections(page), f"{page}.md has no section {section}: {places}"


def test_a_section_without_a_page_is_of_a_page_that_the_module_names() -> None:
    found = 0
    for path in MODULES:
        if path.suffix == ".py":
            pages = {page for page, _ in cited(path.read_text("utf-8"))}
            known = {section for page in pages for section in sections(page)}
            for text in comments(path):
                for section in (each for match in BARE.findall(text) for each in match.split(", ")):
                    found += 1
                    assert section in known, (
                        f"{path.relative_to(ROOT)} says ({section}), and names {pages or 'no page'}"
                    )
    assert found > 20


def test_every_page_is_in_the_index() -> None:
    index = (FOLDER / "README.md").read_text("utf-8")
    for page in FOLDER.glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_names_sections_of_other_pages_that_are_there(page: Path) -> None:
    for name, section in re.findall(rf"`?([a-z-]+)\.md`? §?({SECTION})", page.read_text("utf-8")):
        assert section in sections(name), f"{name} {section}"
