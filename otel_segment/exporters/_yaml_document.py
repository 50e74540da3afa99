"""A YAML document with the lines of its parts; PyYAML is loaded for one only."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from otel_segment.mapping import LineOf, Place

if TYPE_CHECKING:
    from yaml import YAMLError

__all__ = ["parse_yaml"]

_MOST_SAID = 10
_MERGE = "tag:yaml.org,2002:merge"

# What PyYAML says of a mistake, and how that is mended.
_CURES = (
    (r"found character '\t'", "YAML takes no tabs: indent by spaces"),
    ("alias", "a text that begins with * stands in quotes"),
    ("cannot start any token", "a text that begins with such a character stands in quotes"),
    ("constructor for the tag", "a text that begins with ! stands in quotes"),
    (
        "mapping values are not allowed",
        'a text with ": " in it stands in quotes; keys that belong together are equally indented',
    ),
    ("but got", "within [ ] and { }, a text with , ? [ ] { } in it stands in quotes"),
    ("expected <block end>", "keys of one map, or items of one list, are equally indented"),
    ("unknown escape character", "in single quotes, \\ is no more than that"),
)


def parse_yaml(text: str) -> tuple[Any, LineOf]:
    """Return what a YAML text says, and what gives the line of a place in it.

    Raises:
        ImportError: If PyYAML is not there.
        ValueError: If it is no YAML, or has a key twice, of which YAML would keep the last in silence.
    """
    import yaml

    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None, lambda _: None
        if twice := list(_twice(node, set())):
            raise ValueError("; ".join(twice[:_MOST_SAID]))
        return loader.construct_document(node), _lines(node, yaml.SafeLoader("").construct_object)
    except yaml.YAMLError as error:
        raise ValueError(_described(error)) from None
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def _described(error: "YAMLError") -> str:
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    context = str(getattr(error, "context", None) or "")
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    said = f"{context} {problem}"
    mended = next((f"; {cure}" for words, cure in _CURES if words in said), "")
    return f"{where}{problem}{mended}"


def _twice(node: Any, seen: set[int]) -> Iterator[str]:
    """Yield each key that a map has twice."""
    if id(node) in seen:  # by an alias
        return
    seen.add(id(node))
    if node.id == "mapping":
        lines: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            name = (key.tag, str(key.value))
            line = key.start_mark.line + 1
            if name in lines:
                yield f'line {line}: the key "{name[1]}" is there already, in line {lines[name]}; leave one of them out'
            elif key.id == "scalar" and key.tag != _MERGE:
                lines[name] = line
            yield from _twice(value, seen)
    elif node.id == "sequence":
        for item in node.value:
            yield from _twice(item, seen)


def _lines(root: Any, construct: Callable[[Any], Any]) -> LineOf:
    def line_of(place: Place) -> int | None:
        node = root
        line = node.start_mark.line
        for step in place:
            found = _child(node, step, construct)
            if found is None:  # it is not written there: it is missing, or comes by a merge
                break
            line, node = found
        return int(line) + 1 if place else None

    return line_of


def _child(node: Any, step: Any, construct: Callable[[Any], Any]) -> tuple[int, Any] | None:
    """Return the line and the node that is under a key or at a position."""
    if node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar" and key.tag != _MERGE and construct(key) == step:
                return key.start_mark.line, value
    elif node.id == "sequence" and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line, node.value[step]
    return None
