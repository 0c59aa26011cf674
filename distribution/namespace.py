"""The sources `emulator/`, `state/` and `scenarios/` under the one name by which they are installed.

`emulator` becomes `vonage_video_emulator`, the others packages below it, so that an installation takes no name that a
user's own modules may have. A wheel gets copies with rewritten imports; an editable install gets one small package that
rewrites the sources when they are imported, so that both behave the same. Needs the standard library alone.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

NAME = "vonage_video_emulator"
PACKAGES = {"emulator": NAME, "state": f"{NAME}.state", "scenarios": f"{NAME}.scenarios"}

_EDITABLE = '''"""The sources in {root}, under the name by which they are installed."""

from importlib.util import module_from_spec, spec_from_file_location

_spec = spec_from_file_location("{name}._namespace", {namespace!r})
_namespace = module_from_spec(_spec)
_spec.loader.exec_module(_namespace)
__path__ = []  # nothing is found in a folder: the finder alone knows the sources
exec(_namespace.find_in({root!r}), globals())
'''


def rewrite(source: bytes, path: str) -> bytes:
    """Return `source` with its imports of the three packages under `NAME`; every other byte and line stays.

    Raises `SyntaxError` for `import emulator.x` without `as`, which binds a name that is not there when installed.
    """
    lines = source.splitlines(keepends=True)
    for line, column, old, new in sorted(_changes(ast.parse(source, path), path), reverse=True):
        text = lines[line - 1]
        found = re.compile(rb"(from\s+)?" + re.escape(old.encode())).match(text, column)
        if found is None:
            raise SyntaxError("write the import on one line, without a backslash", (path, line, column, None))
        start = found.end() - len(old.encode())
        lines[line - 1] = text[:start] + new.encode() + text[found.end() :]
    return b"".join(lines)


def _changes(tree: ast.AST, path: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield line, column in bytes, old and new name of each module that is imported by a name of the three."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module and _renamed(node.module):
            yield node.lineno, node.col_offset, node.module, _renamed(node.module)
        elif isinstance(node, ast.Import):
            for each in node.names:
                new = _renamed(each.name)
                if new and not each.asname and "." in each.name:
                    where = (path, each.lineno, each.col_offset, None)
                    raise SyntaxError(f"write `from … import …` instead of `import {each.name}`", where)
                if new:
                    yield each.lineno, each.col_offset, each.name, new if each.asname else f"{new} as {each.name}"


def _renamed(module: str) -> str:
    """Return the installed name of `module`, or nothing if it is none of ours."""
    top, dot, below = module.partition(".")
    return PACKAGES[top] + dot + below if top in PACKAGES else ""


def assemble(root: Path, folder: Path) -> Path:
    """Write the package as a wheel has it into `folder`, from the sources in `root`; return where it is.

    Raises `FileExistsError` if a module of `emulator/` has the name of another package.
    """
    for top, name in PACKAGES.items():
        target = folder.joinpath(*name.split("."))
        shutil.copytree(root / top, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))
        for path in target.rglob("*.py"):
            path.write_bytes(rewrite(path.read_bytes(), str(path)))
    return folder / NAME


def editable(root: Path) -> str:
    """Return the text of `vonage_video_emulator/__init__.py` of an editable install of the sources in `root`."""
    return _EDITABLE.format(name=NAME, root=str(root), namespace=str(root / "distribution" / "namespace.py"))


def find_in(root: str) -> Any:
    """Let modules below `NAME` be found in the sources in `root`; return the code of the package itself."""
    # Before the finder of pytest, which loads plugins by itself.
    sys.meta_path.insert(0, _Finder(Path(root)))
    return _Loader(NAME, str(Path(root) / "emulator" / "__init__.py")).get_code(NAME)


class _Loader(SourceFileLoader):
    """Loads a source with rewritten imports; the bytecode lies beside that of the source as it is."""

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """Return the code of the rewritten source."""
        return super().source_to_code(rewrite(bytes(data), str(path)), path, _optimize=_optimize)

    def get_data(self, path: str) -> bytes:
        return super().get_data(_bytecode(path))

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        super().set_data(_bytecode(path), data, _mode=_mode)


def _bytecode(path: str) -> str:
    return f"{path.removesuffix('.pyc')}.installed.pyc" if path.endswith(".pyc") else path


class _Finder(MetaPathFinder):
    def __init__(self, root: Path) -> None:
        self._root = root

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module below `NAME`, None for any other."""
        package, *names = fullname.split(".")
        if package != NAME or not names:
            return None
        module = self._root.joinpath(*([] if names[0] in PACKAGES else ["emulator"]), *names)
        for file, below in ((module / "__init__.py", []), (module.parent / f"{module.name}.py", None)):
            if file.is_file():
                loader = _Loader(fullname, str(file))
                return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=below)
        return None
