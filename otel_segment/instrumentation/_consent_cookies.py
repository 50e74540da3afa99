"""What a visitor consents to, from the cookie of the banner that asked."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import unquote

__all__ = ["ConsentReader", "reader"]

Consent: TypeAlias = dict[str, bool]
Parse: TypeAlias = Callable[[str], Iterable[tuple[object, object]]]

_MOST_CHARACTERS = 16_384
_MOST_CATEGORIES = 100
_MOST_NAME = 256
# One visitor's requests bring the same cookie. What is kept of them is bounded to about a megabyte.
_KEPT = 256
_MOST_KEPT_CHARACTERS = 2_048

_CURE = "write onetrust, cookiebot, usercentrics, usercentrics:NAME or json:NAME, with the name of the cookie"


class ConsentReader:
    """Reads the consent from the cookies of a request.

    Attributes:
        category: Its usual name for what analytics needs, ``analytics`` where the site chooses the names.
    """

    def __init__(self, parse: Parse, cookies: tuple[str, ...], category: str) -> None:
        self._cookies = cookies
        self._parse = parse
        self._remembered = lru_cache(_KEPT)(self._read)
        self.category = category

    def __call__(self, cookies: Mapping[str, str]) -> Consent | None:
        """Return what the visitor consents to, by category.

        Args:
            cookies: The cookies of the request by name.

        Returns:
            Each category with whether it is agreed to; one that is named twice where both say so. None where the
            visitor was not asked yet, or the cookie cannot be read: it has no category, more than 100, or is longer
            than 16 KB.
        """
        for name in self._cookies:
            if value := cookies.get(name):
                found = (self._remembered if len(value) <= _MOST_KEPT_CHARACTERS else self._read)(value)
                return found and found.copy()
        return None

    def _read(self, value: str) -> Consent | None:
        return None if len(value) > _MOST_CHARACTERS else _gathered(self._parse(value))


def reader(value: object) -> ConsentReader:
    """Return the reader of a consent cookie.

    Args:
        value: ``onetrust``, ``cookiebot``, ``usercentrics`` or ``usercentrics:NAME``, or ``json:NAME``, where ``NAME``
            is the cookie's.

    Raises:
        ValueError: There is no such reader.
    """
    kind, separator, name = value.strip().partition(":") if isinstance(value, str) else ("", "", "")
    found = _READERS.get(kind.lower())
    if found is None:
        message = f"no reader of consent cookies that is known; {_CURE}"
        raise ValueError(message)
    parse, cookies, category, takes_name = found
    if not name and (separator or not cookies):
        message = f"it lacks the name of the cookie; {_CURE}"
        raise ValueError(message)
    if name and not takes_name:
        message = f"{kind.lower()} takes no name of a cookie; {_CURE}"
        raise ValueError(message)
    return ConsentReader(parse, (name,) if name else cookies, category)


def _gathered(pairs: Iterable[tuple[object, object]]) -> Consent | None:
    consent: Consent = {}
    for name, is_given in pairs:
        if isinstance(name, str) and isinstance(is_given, bool) and 0 < len(name) <= _MOST_NAME and name.isprintable():
            consent[name] = is_given and consent.get(name, True)
            if len(consent) > _MOST_CATEGORIES:
                return None
    return consent or None


def _onetrust(value: str) -> Iterable[tuple[object, object]]:
    """Read OneTrust's ``OptanonConsent``: a query whose ``groups`` is such as ``C0001:1,C0002:0``.

    OneTrust writes it before anybody has answered, with what holds until then, and so it is read.
    """
    for part in (value if "groups=" in value else unquote(value)).split("&"):
        if part.startswith("groups="):
            for group in unquote(part[len("groups=") :]).split(","):
                name, _, digit = group.partition(":")
                yield name.strip(), {"1": True, "0": False}.get(digit.strip())
            return


def _cookiebot(value: str) -> Iterable[tuple[object, object]]:
    """Read Cookiebot's ``CookieConsent``: a JavaScript object, such as ``{stamp:'…',necessary:true,statistics:false}``.

    As its vendor documents, -1 stands for a region where nobody has to be asked, and 0 for no to all that is optional.
    """
    text = unquote(value).strip()
    if text in {"-1", "0"}:
        optional = text == "-1"
        yield from [("necessary", True)] + [(name, optional) for name in ("preferences", "statistics", "marketing")]
    elif text.startswith("{"):
        for part in text.strip("{} ").split(","):
            name, _, word = part.partition(":")
            yield name.strip(" '\""), {"true": True, "false": False}.get(word.strip(" '\""))


def _usercentrics(value: str) -> Iterable[tuple[object, object]]:
    """Read what Usercentrics knows, by the ids of the services, where the site copies it into a cookie.

    Usercentrics itself keeps it in the browser's local storage, which no server sees: under ``ucData`` in version 3,
    ``uc_settings`` in version 2. A cookie with the one or the other, under the same name or another one, is read, and
    so is one with a plain map of names to true or false. The consent string ``ucString`` is not.
    """
    data = _json(value)
    inner = data.get("consent")
    services = inner.get("services") if isinstance(inner, dict) else data.get("services")
    if isinstance(services, dict):
        return [(key, each.get("consent")) for key, each in services.items() if isinstance(each, dict)]
    if isinstance(services, list):
        return [(each.get("id"), each.get("status")) for each in services if isinstance(each, dict)]
    return data.items()


def _plain(value: str) -> Iterable[tuple[object, object]]:
    """Read a map of names to true or false; whatever else is in it, as a version or a time, is passed over."""
    return _json(value).items()


def _json(value: str) -> dict[str, Any]:
    for text in (value, unquote(value)):
        if text.lstrip().startswith("{"):
            # Deep nesting ends in a RecursionError.
            with suppress(ValueError, RecursionError):
                found: dict[str, Any] = json.loads(text)
                return found
    return {}


# For each name: how, from which cookies, what analytics needs, and whether another cookie may be named.
_READERS: dict[str, tuple[Parse, tuple[str, ...], str, bool]] = {
    "onetrust": (_onetrust, ("OptanonConsent",), "C0002", False),
    "cookiebot": (_cookiebot, ("CookieConsent",), "statistics", False),
    "usercentrics": (_usercentrics, ("ucData", "uc_settings"), "analytics", True),
    "json": (_plain, (), "analytics", True),
}
