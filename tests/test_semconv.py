"""The attribute names: each is used, described and documented, and no other is read."""

import ast
import re
from itertools import pairwise
from pathlib import Path

from otel_segment import semconv
from otel_segment.mapping import _fields

ROOT = Path(__file__).parent.parent
NAMES = {name: value for name, value in vars(semconv).items() if name.isupper()}
TABLES = (ROOT / "docs" / "attributes.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| (.+) \| (\w+) \|(.*)\|$", TABLES, re.MULTILINE)

# How mapping asks a record, or a place of it, for attributes.
READERS = {"each", "first", "get", "merged", "text"}


def trees(folder: str) -> dict[str, ast.Module]:
    """Return the syntax trees of a folder's files."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "otel_segment" / folder).rglob("*.py"))
    }


def test_all_are_used() -> None:
    """Every name is one that the code reads or writes."""
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "otel_segment").rglob("*.py")
        if path != Path(semconv.__file__)
    )

    assert {name for name in NAMES if not re.search(rf"\b{name}\b", code)} == set()


def test_no_others_are_read() -> None:
    """What conversion asks a record for has a name here: no attribute is asked for by its text."""
    wrong = [
        f"{file}:{node.lineno} {argument.value}"
        for file, tree in trees("mapping").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READERS
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and "." in argument.value
    ]

    assert wrong == []


def test_each_is_said_once() -> None:
    """No attribute has two names, and each name is the attribute's own."""
    assert len(set(NAMES.values())) == len(NAMES)
    assert {
        name: value
        for name, value in NAMES.items()
        if name.removesuffix("_PREFIX") != value.rstrip(".").replace(".", "_").upper()
    } == {}


def test_each_is_described() -> None:
    """Each name is followed by what becomes of it."""
    body = ast.parse(Path(semconv.__file__).read_text(encoding="utf-8")).body
    described = {
        node.target.id
        for node, following in pairwise(body)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
    }

    assert described == set(NAMES)


def test_table_is_complete() -> None:
    """The tables have a row for each attribute, and for no other."""
    listed = [attribute for attribute, *_ in ROWS]

    assert sorted(listed) == sorted(NAMES.values())


def test_stability() -> None:
    """What is ours, and nothing else, is said to be ours; the others are of a stability that the text explains."""
    for attribute, _, stability, _ in ROWS:
        assert (stability == "own") == attribute.startswith("analytics."), attribute
        assert stability in {"own", "stable", "development", "old"}, attribute


def test_reserved() -> None:
    """The list of namespaces is that of the code."""
    section = TABLES.partition("## Namespaces that are never properties")[2].partition(": unless")[0]

    assert set(re.findall(r"`([a-z0-9_]+\.)`", section)) == set(_fields._RESERVED)
