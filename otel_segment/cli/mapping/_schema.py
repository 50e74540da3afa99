"""``otel-segment mapping schema``: the mapping document as a JSON Schema."""

import argparse
import ast
import inspect
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
from msgspec.structs import fields

from otel_segment.cli._command import OK, Command
from otel_segment.mapping import Mapping

__all__ = ["SCHEMA"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DESCRIPTION = """\
Prints the JSON Schema (2020-12) of mapping files, by which editors complete and check them. It knows all but what is
between the lines, such as names of consents; "otel-segment mapping check" knows that too.

examples:
  otel-segment mapping schema > mapping.schema.json
  # in the first line of mapping.yaml, for the YAML language server of editors:
  # yaml-language-server: $schema=mapping.schema.json

exit codes: 0 done, 2 wrong command line
"""

# What parts demand of their keys together, which their types do not say.
_TOGETHER: dict[str, dict[str, Any]] = {
    **{part: {"minProperties": 1} for part in ("Condition", "Match", "When")},
    "ValueForm": {
        "oneOf": [{"required": [form]} for form in ("from", "value", "map", "list", "loop", "first", "template", "fn")]
    },
}


def _add_arguments(_: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def _run(_: argparse.Namespace) -> int:
    print(json.dumps(_schema(), indent=2, ensure_ascii=False))
    return OK


def _schema() -> dict[str, Any]:
    schema = msgspec.json.schema(Mapping)
    for part in _parts(msgspec.inspect.type_info(Mapping), set()):
        described = schema["$defs"][part.__name__]
        described.update(_TOGETHER.get(part.__name__, {}))
        described["description"] = _plain(described["description"])
        documents = _documents(part)
        for field in fields(part):
            if field.name in documents:
                described["properties"][field.encode_name]["description"] = _plain(documents[field.name])
    schema["$defs"]["Mapping"]["patternProperties"] = {r"^(x-|\$schema$)": {}}
    return {"$schema": _DIALECT, "title": "Mapping rules of otel-segment", **schema}


def _parts(kind: Any, seen: set[type]) -> Iterator[type[msgspec.Struct]]:
    """Yield the types of all parts of a document."""
    if isinstance(kind, msgspec.inspect.StructType):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        yield kind.cls
        inner = [field.type for field in kind.fields]
    else:
        names = ("types", "item_type", "value_type")
        found = [getattr(kind, name) for name in names if hasattr(kind, name)]
        inner = [each for item in found for each in (item if isinstance(item, tuple) else (item,))]
    for each in inner:
        yield from _parts(each, seen)


def _documents(part: type) -> dict[str, str]:
    """Return what the source says of a part's keys: the texts that stand under them, by the names in Python."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[part.__module__]))
    except (OSError, TypeError):  # the package is installed without its sources
        return {}
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == part.__name__)
    return {
        node.target.id: after.value.value
        for node, after in pairwise(body)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


SCHEMA = Command("schema", "print the JSON Schema of mapping files", _DESCRIPTION, _add_arguments, _run)
