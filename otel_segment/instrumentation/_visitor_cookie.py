"""The cookie by which a visitor is known again, where the site wants one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from otel_segment.instrumentation._shared_caches import may_be_shared

__all__ = ["CookieSettings", "may_be_set", "new_id"]

_MOST_AGE = 400 * 86_400
_MOST_NAME = 128

# RFC 6265, section 4.1.1: a name is a token, a path has no controls and no semicolons; no spaces either, here.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"/[!-:<-~]*")
_LABEL = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_SAME_SITES = ("Lax", "Strict", "None")


@dataclass(frozen=True)
class CookieSettings:
    """The cookie's name and attributes.

    Attributes:
        name: Its name.
        max_age: Seconds that it lives; browsers keep none for more than 400 days.
        secure: Whether it is sent by https alone; None is yes where the request came by https.
        http_only: Whether scripts of the page cannot see it.
        same_site: ``Lax``, ``Strict`` or ``None``.
        path: The paths that it is sent to.
        domain: The domain whose hosts it is sent to; None is the host that set it, alone.

    Raises:
        ValueError: They are wrong, or do not go together, so that a browser would not take the cookie.
    """

    name: str = "otel_visitor"
    max_age: int = 365 * 86_400
    secure: bool | None = None
    http_only: bool = True
    same_site: str = "Lax"
    path: str = "/"
    domain: str | None = None

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise ValueError(problem)

    def read(self, cookies: Mapping[str, str]) -> str | None:
        """Return the visitor's id; None where there is no cookie, or one that is not as it was set here."""
        value = cookies.get(self.name)
        return value if value is not None and _ID.fullmatch(value) else None

    def header_value(self, visitor_id: str, *, is_https: bool) -> str:
        """Return the value of the ``Set-Cookie`` header.

        Args:
            visitor_id: An id that ``new_id`` or ``read`` has returned; empty to have the cookie taken away.
            is_https: Whether the request came by https.

        Raises:
            ValueError: It is another kind of id.
        """
        if visitor_id and not _ID.fullmatch(visitor_id):
            message = "not an id of this cookie; give one that new_id or read has returned"
            raise ValueError(message)
        value = f"{self.name}={visitor_id}; Max-Age={self.max_age if visitor_id else 0}; Path={self.path}"
        if self.domain is not None:
            value += f"; Domain={self.domain}"
        if self.secure or (self.secure is None and is_https):
            value += "; Secure"
        if self.http_only:
            value += "; HttpOnly"
        return f"{value}; SameSite={self.same_site}"

    def _problems(self) -> Iterable[str]:
        if not isinstance(self.name, str) or len(self.name) > _MOST_NAME or not _NAME.fullmatch(self.name):
            yield f"its name is not one; use up to {_MOST_NAME} letters, digits, hyphens and underscores"
        if type(self.max_age) is not int or not 0 < self.max_age <= _MOST_AGE:
            yield f"its max_age is no whole number from 1 to {_MOST_AGE} (400 days); write it in seconds"
        if type(self.http_only) is not bool or not isinstance(self.secure, (bool, type(None))):
            yield "http_only or secure is neither true nor false; write one of them"
        if self.same_site not in _SAME_SITES:
            yield "its same_site is unknown; write Lax, Strict or None"
        if not isinstance(self.path, str) or not _PATH.fullmatch(self.path):
            yield "its path is not one; begin it with a slash, percent-encode all but ASCII, spaces and semicolons too"
        if self.domain is not None and not _is_domain(self.domain):
            yield "its domain is not one; write such as example.com, without scheme, port or path"
        if self.same_site == "None" and self.secure is not True:
            yield "browsers take SameSite=None with Secure alone; set secure to true"
        yield from self._problems_of_prefix()

    def _problems_of_prefix(self) -> Iterable[str]:
        """Say what the prefix of the name promises and the attributes do not keep; browsers ignore its case."""
        name = self.name.lower()
        if name.startswith(("__secure-", "__host-", "__http-")) and self.secure is not True:
            yield "browsers take a name with this prefix with Secure alone; set secure to true"
        if name.startswith("__host-") and (self.path != "/" or self.domain is not None):
            yield "browsers take a name with the prefix __Host- for the path / and without a domain; leave both out"
        if name.startswith(("__http-", "__host-http-")) and not self.http_only:
            yield "browsers take a name with this prefix with HttpOnly alone; set http_only to true"


def new_id() -> str:
    """Return an id for a visitor who has none: 122 random bits, as a UUID of version 4."""
    return str(uuid4())


def may_be_set(headers: Iterable[tuple[str, str]], status: int) -> bool:
    """Tell whether an answer may carry the cookie: never one that a cache could hand to somebody else.

    ``Set-Cookie`` keeps no cache from storing an answer (RFC 9111, section 7.3), and the next visitors would all be
    given the first one's id.

    Args:
        headers: The headers of the answer.
        status: Its status.
    """
    return not may_be_shared(headers, status)


def _is_domain(domain: object) -> bool:
    # A dot in front means nothing and is allowed (RFC 6265, section 5.2.3).
    text = domain.removeprefix(".") if isinstance(domain, str) else ""
    return len(text) <= 253 and all(map(_LABEL.fullmatch, text.split(".")))  # noqa: PLR2004 - RFC 1035, section 2.3.4
