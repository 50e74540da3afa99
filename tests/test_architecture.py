"""The layout: levels, doors and purity, read off the syntax trees."""

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent / "otel_segment"
FILES = sorted(ROOT.rglob("*.py"))

# What stands on each level; a file that is not named here is on level 1, with the emitting side.
LEVELS = {
    "_clock": 0,
    "_ecommerce_spec": 0,
    "_types": 0,
    "_version": 0,
    "errors": 0,
    "reasons": 0,
    "semconv": 0,
    "instrumentation": 2,
    "mapping": 2,
    "wire": 2,
    "dead_letter": 3,
    "spool": 3,
    "transport": 3,
    "delivery": 4,
    "exporters": 5,
    "inspector": 5,
    "demo": 5,
    "_configure": 6,
    "cli": 6,
    "testing": 6,
    "__main__": 6,
    "__init__": 6,
}
DEFAULT_LEVEL = 1

PURE = ("mapping", "wire")
IMPURE = {
    *("asyncio", "io", "logging", "multiprocessing", "os", "pathlib", "queue", "random", "secrets", "select"),
    *("shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib.request"),
    *("http", "requests", "uuid"),
}

SHOP = "otel_segment.demo.shop"

# The call that sets everything up is far above the code that emits, which calls it when a first event has nowhere to
# go; the root's lazy names keep the SDK unloaded until then.
ROOT_IMPORTER = "otel_segment.emit._outlet"


class Import(NamedTuple):
    """One import of one module, where it stands."""

    module: str
    line: int
    is_lazy: bool


def module_name(path: Path) -> str:
    """Return the dotted name of a file."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


@cache
def imports(path: Path) -> tuple[Import, ...]:
    """Return what a file imports at run time."""
    package = module_name(path.with_name("__init__.py"))
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8")), package, is_lazy=False))


def _imports(node: ast.AST, package: str, *, is_lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, is_lazy) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = ".".join(filter(None, (package if child.level else "", child.module)))
            for alias in child.names:
                full = f"{base}.{alias.name}"
                yield Import(full if full in MODULES else base, child.lineno, is_lazy)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        else:
            is_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imports(child, package, is_lazy=is_lazy or is_function)


def own_imports(path: Path) -> list[Import]:
    """Return what a file imports of this package."""
    return [found for found in imports(path) if found.module.split(".")[0] == "otel_segment"]


def part(module: str) -> str:
    """Return the folder or file right under the root that a module is, or is in."""
    return module.split(".")[1] if "." in module else "__init__"


def level(module: str) -> int:
    """Return the level of a module."""
    return LEVELS.get(part(module), DEFAULT_LEVEL)


def test_levels_go_down() -> None:
    """A file imports from its own level and from lower ones alone."""
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module}, a level above"
        for module, path in MODULES.items()
        for found in own_imports(path)
        if level(found.module) > level(module) and module != ROOT_IMPORTER
    ]

    assert wrong == []


def test_levels_name_what_is_there() -> None:
    """The list of levels names no file or folder that is not there."""
    there = {part(module) for module in MODULES}

    assert set(LEVELS) <= there


def test_no_cycles() -> None:
    """No file imports itself, over however many others."""
    graph = {
        module: {found.module for found in own_imports(path)} - {module}
        for module, path in MODULES.items()
        if module != ROOT_IMPORTER
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_folders_have_one_door() -> None:
    """Who is outside of a folder imports the folder, never a file in it."""
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module}"
        for module, path in MODULES.items()
        for found in own_imports(path)
        if not may_import(module, found.module, is_door=path.name == "__init__.py")
    ]

    assert wrong == []


def may_import(importer: str, imported: str, *, is_door: bool) -> bool:
    """Tell whether one module may see another: all folders on the way to it, bar the last, hold the importer."""
    folder = imported.rpartition(".")[0]
    if folder in {"", "otel_segment"}:
        return True
    home = importer if is_door else importer.rpartition(".")[0]
    return (home + ".").startswith(folder + ".")


def test_doors_define_nothing() -> None:
    """A folder's door hands out what its files define, some of it when it is first asked for."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        if path.name == "__init__.py"
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if not isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.If))
        and not (isinstance(node, ast.FunctionDef) and node.name in {"__getattr__", "__dir__"})
    ]

    assert wrong == []


@pytest.mark.parametrize("folder", PURE)
def test_pure_folders(folder: str) -> None:
    """Pure folders reach for no clock, no randomness, no threads, no files and no network."""
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module}"
        for path in FILES
        if path.relative_to(ROOT).parts[0] == folder
        for found in imports(path)
        if found.module in IMPURE or found.module.split(".")[0] in IMPURE
    ]

    assert wrong == []


@pytest.mark.parametrize("folder", PURE)
def test_pure_folders_read_no_clock(folder: str) -> None:
    """Pure folders do not ask datetime for the time either, and open nothing."""
    forbidden = {"now", "utcnow", "today", "open", "print", "input"}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} calls {name}"
        for path in FILES
        if path.relative_to(ROOT).parts[0] == folder
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        if (name := ast.unparse(node.func).rpartition(".")[2]) in forbidden
    ]

    assert wrong == []


def test_nothing_imports_the_root() -> None:
    """The root stands above all: nothing inside imports it, but for the set-up at the first call."""
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line}"
        for module, path in MODULES.items()
        for found in own_imports(path)
        if found.module == "otel_segment" and not (module == ROOT_IMPORTER and found.is_lazy)
    ]

    assert wrong == []


def test_lazy_imports_dodge_nothing() -> None:
    """An import inside a function is of a foreign package, or of the neighbour that alone imports one."""
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module}"
        for module, path in MODULES.items()
        for found in own_imports(path)
        if found.is_lazy and module != ROOT_IMPORTER and found.module.rpartition(".")[0] != module.rpartition(".")[0]
    ]

    assert wrong == []


def test_emitting_loads_no_sdk() -> None:
    """Files on the emitting side import the OpenTelemetry API alone."""
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module}"
        for module, path in MODULES.items()
        if level(module) <= DEFAULT_LEVEL
        for found in imports(path)
        if found.module.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "requests", "msgspec"))
    ]

    assert wrong == []


def test_files_are_short() -> None:
    """No file has more than 300 lines."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}

    assert {name: length for name, length in lengths.items() if length > 300} == {}


@pytest.mark.parametrize("name", [name for name, path in MODULES.items() if path.name == "__init__.py"])
def test_exports(name: str) -> None:
    """What a door hands out is all that can be seen in it, and nothing is named twice."""
    door = importlib.import_module(name)
    exported = getattr(door, "__all__", [])
    visible = {
        key for key, value in vars(door).items() if not key.startswith("_") and not isinstance(value, ModuleType)
    }

    assert len(set(exported)) == len(exported)
    assert all(hasattr(door, key) for key in exported)
    if hasattr(door, "__getattr__"):
        assert visible - {"TYPE_CHECKING", "import_module"} <= set(exported)
    else:
        assert visible == set(exported)


def test_shop_is_a_stranger() -> None:
    """The demonstration's shop is an application like any other: it imports nothing of this package."""
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module}"
        for module, path in MODULES.items()
        for found in own_imports(path)
        if module.startswith(SHOP) and not found.module.startswith(SHOP)
    ]

    assert wrong == []


def test_instrumentation_knows_no_exporter() -> None:
    """The web instrumentation meets exporters through OpenTelemetry's API alone: not ours, and not the SDK."""
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module}"
        for module, path in MODULES.items()
        for found in imports(path)
        if part(module) == "instrumentation"
        and (found.module.startswith("opentelemetry.sdk") or part(found.module) in {"mapping", "wire"})
        and found.module.split(".")[0] in {"opentelemetry", "otel_segment"}
    ]

    assert wrong == []
