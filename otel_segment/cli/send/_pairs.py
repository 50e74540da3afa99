"""``key=text`` and ``key:=json`` on the command line."""

import argparse
import json
from collections.abc import Iterable
from typing import Any, NoReturn, TypeAlias

from otel_segment.cli._command import UNUSABLE, CommandError

__all__ = ["Pair", "choice", "merged", "pair"]

Pair: TypeAlias = tuple[str, Any]

_CHOICES = {"true": True, "false": False}


def pair(text: str) -> Pair:
    """Read a pair: what follows the first ``=`` is text, or JSON where a colon stands before it.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    key, sign, value = text.partition("=")
    is_json = key.endswith(":")
    key = key.removesuffix(":")
    if not (sign and key):
        msg = f"{text!r} is no pair; write key=text, or key:=json for a number, true, false, null, a list or a map"
        raise argparse.ArgumentTypeError(msg)
    return key, _parsed(key, value) if is_json else value


def choice(text: str) -> Pair:
    """Read whether, or how, a destination gets the event.

    Raises:
        argparse.ArgumentTypeError: It says neither.
    """
    name, value = pair(text)
    if isinstance(value, str):
        value = _CHOICES.get(value.lower())
    if not isinstance(value, bool | dict):
        msg = f"{text!r} is neither Name=true, Name=false nor Name:={{…}}"
        raise argparse.ArgumentTypeError(msg)
    return name, value


def merged(option: str, pairs: Iterable[Pair] | None) -> dict[str, Any] | None:
    """Make a map of what an option was given; ``None`` where it was not.

    Raises:
        CommandError: A key was given twice.
    """
    if pairs is None:
        return None
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            msg = f"argument {option}: {key!r} is there twice; a list is written {key}:='[…]'"
            raise CommandError(msg, UNUSABLE)
        found[key] = value
    return found


def _parsed(key: str, value: str) -> Any:
    try:
        return json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        msg = f"what follows {key}:= is not JSON: {error}; for text, write {key}={value[:40]}"
        raise argparse.ArgumentTypeError(msg) from None


def _refuse(constant: str) -> NoReturn:
    msg = f"{constant} is no JSON number"
    raise ValueError(msg)
