"""What is valid in a mapping and yet hardly what was meant."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from msgspec import UNSET

from otel_segment.mapping._document import Mapping, Match, Rule
from otel_segment.mapping._place import Mistake, Place, show_place
from otel_segment.mapping._terms import Properties, Value

__all__ = ["find_doubts"]

_CALLS = ("identify", "group", "page", "screen", "alias")
_DROP = "drop"

# A word in brackets, as some libraries begin the names of their events, and no class of characters.
_BRACKETS = re.compile(r"\[[A-Za-z]{3,}[^\]]*\]")


def find_doubts(mapping: Mapping) -> Iterator[Mistake]:
    """Yield what is doubtful in a valid mapping: rules that are never reached, keys without effect.

    Args:
        mapping: The mapping.
    """
    for position, rule in enumerate(mapping.rules):
        place: Place = ("rules", position)
        if (earlier := _earlier(mapping.rules, position)) is not None:
            other = show_place(("rules", earlier))
            yield Mistake(place, f"is never reached: {other} takes all of its events; put this one before it")
        yield from _doubts_of_rule(rule, place)
    yield from _doubts_of_context(mapping.context, ("context",))
    yield from _doubts_of_consent(mapping)


def _doubts_of_rule(rule: Rule, place: Place) -> Iterator[Mistake]:
    if _names(rule) == []:
        yield Mistake((*place, "match"), "is an empty list, which no event matches")
    for name in _names(rule) or ():
        if _BRACKETS.search(name):
            problem = f"[…] stands for one of its characters; for the brackets themselves write {_escaped(name)!r}"
            yield Mistake((*place, "match"), problem)
    calls = [name for name in _CALLS if getattr(rule, name) is not UNSET and getattr(rule, name) is not False]
    if rule.ignore and (calls or rule.name is not UNSET or rule.properties is not True):
        yield Mistake((*place, "ignore"), "drops the events, so that the rule's other keys have no effect")
    elif rule.skip and not calls:
        yield Mistake((*place, "skip"), "leaves no call at all; to drop the events, write ignore: true")
    yield from _doubts_of_properties(rule.properties, (*place, "properties"))
    yield from _doubts_of_context(rule.context, (*place, "context"))


def _escaped(name: str) -> str:
    return _BRACKETS.sub(lambda found: "[[]" + found[0][1:], name)


def _doubts_of_context(context: dict[str, Value], place: Place) -> Iterator[Mistake]:
    for name in context:
        if name == "library":
            yield Mistake((*place, name), "has no effect: the library is always this one")
        elif "." in name:
            first, _, rest = name.partition(".")
            problem = f"is a field of that very name; a field of {first} is written {first}: {{map: {{{rest}: …}}}}"
            yield Mistake((*place, name), problem)


def _doubts_of_properties(properties: Properties, place: Place) -> Iterator[Mistake]:
    if isinstance(properties, list):
        for position, each in enumerate(properties):
            yield from _doubts_of_properties(each, (*place, position))
    elif isinstance(properties, dict) and isinstance(name := properties.get(_DROP), str):
        problem = f"makes a property of that name; to leave attributes out write a list: drop: [{name}]"
        yield Mistake((*place, _DROP), problem)


def _doubts_of_consent(mapping: Mapping) -> Iterator[Mistake]:
    if mapping.require_consent:
        return
    for name, value, default in (
        ("strict_consent", mapping.strict_consent, False),
        ("without_consent", mapping.without_consent, "drop"),
    ):
        if value != default:
            yield Mistake((name,), "has no effect without require_consent")


def _earlier(rules: list[Rule], position: int) -> int | None:
    """Return the position of a rule that takes all events of a later one before it."""
    rule = rules[position]
    names = _names(rule)
    for earlier, other in enumerate(rules[:position]):
        if (other.match, other.when) == (rule.match, rule.when):
            return earlier
        taken = _names(other) if _is_free(other) else None
        if names and taken and all(any(_covers(glob, name) for glob in taken) for name in names):
            return earlier
    return None


def _names(rule: Rule) -> list[str] | None:
    """Return the names and globs that a rule is for; None where it is for events of any name, or none."""
    match = rule.match.event if isinstance(rule.match, Match) else rule.match
    return [match] if isinstance(match, str) else None if match is UNSET else match


def _is_free(rule: Rule) -> bool:
    """Tell whether a rule has no conditions besides the name."""
    if rule.when is not UNSET or not isinstance(rule.match, Match):
        return rule.when is UNSET
    return all(getattr(rule.match, name) is UNSET for name in rule.match.__struct_fields__ if name != "event")


def _covers(glob: str, name: str) -> bool:
    """Tell whether all that matches a name or glob matches another glob; in doubt it does not."""
    if glob == name:
        return True
    if not any(character in name for character in "*?["):
        return fnmatchcase(name, glob)
    return glob == "*" or (not any(c in glob for c in "?[]") and "[" not in name and fnmatchcase(name, glob))
