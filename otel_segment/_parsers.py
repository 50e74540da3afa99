"""What a setting's value may look like: one parser for each kind.

A parser takes what the user gave, a plain value or its text, and returns what the settings hold. Else it
raises ``ValueError`` with what is wrong and what to write instead; it never quotes the value, which may be a
secret. How a wrong value may be shown is for the functions at the end to say.
"""

import importlib.util
import inspect
import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from otel_segment import _endpoint

__all__ = [
    "Parser",
    "boolean",
    "certificate",
    "choice",
    "endpoint",
    "file",
    "folder",
    "hook",
    "path",
    "rules",
    "seconds",
    "secret",
    "show",
    "show_secret",
    "show_url",
    "size",
    "whole",
]

Parser: TypeAlias = Callable[[object], Any]

_TRUE = frozenset(("true", "1", "yes"))
_FALSE = frozenset(("false", "0", "no"))

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]i?b|b|)", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "kb": 10**3, "kib": 2**10, "mb": 10**6, "mib": 2**20, "gb": 10**9, "gib": 2**30}


def seconds(most: int, *, zero: bool = False) -> Parser:
    """Make the parser of a duration in seconds: above zero, or zero too, and at most ``most``."""
    lowest = "0 or more" if zero else "above 0"
    cure = f"write seconds (not milliseconds) as a number, {lowest} and at most {most}, such as 5"

    def parse(value: object) -> float:
        number = _number(value, cure)
        if not 0 <= number <= most or not (number or zero):
            message = f"out of range; {cure}"
            raise ValueError(message)
        return number

    return parse


def whole(least: int, most: int) -> Parser:
    """Make the parser of a whole number between two bounds, both included."""
    cure = f"write a whole number from {least} to {most}"

    def parse(value: object) -> int:
        number = _number(value, cure)
        if not number.is_integer() or not least <= number <= most:
            message = f"not in range or not whole; {cure}"
            raise ValueError(message)
        return int(number)

    return parse


def size(least: int) -> Parser:
    """Make the parser of a number of bytes: a number, or a text with a unit such as ``64MiB``."""
    cure = f"write bytes, {least} or more, as a number or with KiB, MiB, GiB, KB, MB or GB, such as 64MiB"

    def parse(value: object) -> int:
        if isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())):
            value = float(found[1]) * _UNITS[found[2].lower()]
        number = _number(value, cure)
        if number < least:
            message = f"too small; {cure}"
            raise ValueError(message)
        return int(number)

    return parse


def _number(value: object, cure: str) -> float:
    number = math.nan
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not math.isfinite(number):
        message = f"not a number that can be used here; {cure}"
        raise ValueError(message)
    return number


def boolean(value: object) -> bool:
    """Parse true or false."""
    text = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    if text not in _TRUE | _FALSE:
        message = "neither true nor false; write true or false (or 1, 0, yes, no)"
        raise ValueError(message)
    return text in _TRUE


def choice(*choices: str) -> Parser:
    """Make the parser of one word out of a few, in upper or lower case."""

    def parse(value: object) -> str:
        word = value.strip().lower() if isinstance(value, str) else None
        if word not in choices:
            message = f"not one of the choices; write {' or '.join(choices)}"
            raise ValueError(message)
        return word

    return parse


def endpoint(value: object) -> str:
    """Check the base URL; it is brought into its form together with the path."""
    text = _text(value, "write the base URL, such as https://api.segment.io")
    _endpoint.normalize(text, "/")
    return text


def path(value: object) -> str:
    """Parse the path of the batch call."""
    return _endpoint.absolute_path(_text(value, "write a path, such as /v1/batch"))


def _text(value: object, cure: str) -> str:
    if not isinstance(value, str):
        message = f"not a text; {cure}"
        raise ValueError(message)  # noqa: TRY004  # every parser fails with ValueError
    return value


def folder(value: object) -> str:
    """Parse the folder of the spool; it is made when it is first needed."""
    place = _place(value, "give the path of a folder, which may be missing as yet")
    if _is_there(place) and not Path(place).is_dir():
        message = "there is a file in its place; give the path of a folder, which may be missing as yet"
        raise ValueError(message)
    if importlib.util.find_spec("fcntl") is None:
        message = "the spool needs POSIX file locks, which this system does not have; remove the setting"
        raise ValueError(message)
    return place


def file(value: object) -> str:
    """Parse the path of a file that is written; it is made when it is first needed."""
    place = _place(value, "give the path of a file, which may be missing as yet")
    if _is_there(place) and Path(place).is_dir():
        message = "there is a folder in its place; give the path of a file, which may be missing as yet"
        raise ValueError(message)
    return place


def _is_there(place: str) -> bool:
    try:
        return Path(place).exists()
    except OSError as error:  # such as a name that is too long
        message = f"it cannot be looked at: {error.strerror}; give the path of a place that this process may use"
        raise ValueError(message) from None


def _place(value: object, cure: str) -> str:
    """Return an absolute path: the process may go to another folder later."""
    place = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(place, str) or not place.strip() or "\0" in place:
        message = f"not a path; {cure}"
        raise ValueError(message)
    try:
        return str(Path(place).expanduser().absolute())
    except RuntimeError:
        message = f"there is no such home folder; {cure}"
        raise ValueError(message) from None


def certificate(value: object) -> str:
    """Parse the place of certificate authorities: a file or a folder that can be read now."""
    cure = "give the path of a PEM file, or of a folder of them, that this process may read"
    place = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(place, str) or not place:
        message = f"not a path; {cure}"
        raise ValueError(message)
    if "\0" in place or not os.access(place, os.F_OK):
        message = f"there is no such file or folder; {cure}"
        raise ValueError(message)
    if not os.access(place, os.R_OK):
        message = f"it may not be read; {cure}"
        raise ValueError(message)
    return place


def rules(value: object) -> object:
    """Let the mapping pass, unread, when it is a path or a mapping at all, also one made in Python."""
    is_document = hasattr(type(value), "__struct_fields__")
    if not (is_document or isinstance(value, (str, os.PathLike, Mapping))) or value == "":
        message = "neither a path nor a mapping; give the path of the mapping file, or its content as a map"
        raise ValueError(message)
    return value


def secret(value: object) -> str:
    """Let a secret pass when it is a text."""
    if not isinstance(value, str) or not value.strip():
        message = "not a text, or an empty one; give a long random secret"
        raise ValueError(message)
    return value


def hook(value: object) -> object:
    """Let a hook pass when it can be called, and called without an event loop."""
    if not callable(value):
        message = "not something that can be called; give a function, in code"
        raise ValueError(message)  # noqa: TRY004  # every parser fails with ValueError
    if inspect.iscoroutinefunction(value):
        message = "an async function, which nothing would await; give a plain function"
        raise ValueError(message)
    return value


def show_secret(_: object) -> str:
    """Show nothing of a secret."""
    return "***"


def show(value: object) -> str:
    """Show a value that is no secret."""
    return repr(value)


def show_url(value: object) -> str:
    """Show a URL without credentials, query and fragment."""
    if not isinstance(value, str):
        return show(value)
    return show(re.sub(r"[?#].*", "?***", re.sub(r".*@", "***@", value, flags=re.DOTALL), flags=re.DOTALL))
