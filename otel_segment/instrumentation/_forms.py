"""What the settings of the web instrumentation may look like, beyond what all settings may."""

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, TypeAlias

__all__ = ["Late", "Pattern", "callback", "long_secret", "patterns", "sources", "text", "url_path", "words"]

Pattern: TypeAlias = re.Pattern[str]

_URL_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")

_SHORTEST_SECRET = 16

SOURCES = ("cookie", "segment", "pseudonym")
"""Where the id of an anonymous visitor may come from."""


def words(value: object) -> tuple[str, ...]:
    """Parse a list of texts, or a text with commas between them."""
    given = value.split(",") if isinstance(value, str) else value
    found: list[Any] = list(given) if isinstance(given, Iterable) else [None]
    if not all(isinstance(each, str) for each in found):
        message = "not a list of texts; write a list, or a text with commas between its parts"
        raise ValueError(message)
    return tuple(text for each in found if (text := each.strip()))


def patterns(value: object) -> Pattern | None:
    """Parse regular expressions, of which any may be found anywhere in the URL; None where there is none."""
    found = [_pattern(each) for each in words(value)]
    return re.compile("|".join(f"(?:{each.pattern})" for each in found)) if found else None


def _pattern(text: str) -> Pattern:
    try:
        return re.compile(text)
    except re.error as error:
        cure = "write patterns with commas between, such as /admin/; where one has a comma itself, a list in code"
        message = f"{text!r} is no regular expression: {error}; {cure}"
        raise ValueError(message) from None


def callback(value: object) -> Callable[..., Any]:
    """Parse a function, plain or asynchronous, or the place of one as ``package.module:function``."""
    if callable(value):
        return value
    cure = "give a function in code, or its place as package.module:function"
    if not isinstance(value, str) or value.count(":") != 1:
        message = f"not something that can be called; {cure}"
        raise ValueError(message)
    module, _, name = value.strip().partition(":")
    return Late(module, name)


class Late:
    """A function that is imported when it is first called: its module may need an application that is being set up."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name
        self._found: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        return self._import()(*arguments)

    @property
    def found(self) -> Callable[..., Any] | None:
        """The function; None where it cannot be imported, which calling it tells."""
        try:
            return self._import()
        except Exception:  # noqa: BLE001 - the module is foreign code
            return None

    def _import(self) -> Callable[..., Any]:
        if self._found is not None:
            return self._found
        found: Callable[..., Any] = getattr(import_module(self._module), self._name)
        self._found = found
        return found


def long_secret(value: object) -> str:
    """Parse a secret that cannot be guessed by trying."""
    if not isinstance(value, str) or len(value.strip()) < _SHORTEST_SECRET:
        message = f"not a text of {_SHORTEST_SECRET} characters or more; give a long random secret"
        raise ValueError(message)
    return value


def sources(value: object) -> tuple[str, ...]:
    """Parse where the id of an anonymous visitor comes from: the first that has one counts."""
    found = words(value)
    if not found or any(each not in {*SOURCES, "none"} for each in found) or ("none" in found and len(found) > 1):
        message = f"not among the choices; write some of {', '.join(SOURCES)} in the order that counts, or none"
        raise ValueError(message)
    return () if found == ("none",) else found


def text(value: object) -> str:
    """Parse a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        message = "not a text, or an empty one; write a name"
        raise ValueError(message)
    return value.strip()


def url_path(value: object) -> str:
    """Parse the path of a URL of this site."""
    if not isinstance(value, str) or not _URL_PATH.fullmatch(value.strip()):
        message = "not a path; begin it with a slash, end it without one, use letters, digits and . _ ~ - alone"
        raise ValueError(message)
    return value.strip()
