"""The settings of the web instrumentation: the one table of them, with variables, defaults and parsers."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypedDict

from otel_segment import _parsers
from otel_segment._env import Row, read
from otel_segment.instrumentation._callers import Callers, parse_callers
from otel_segment.instrumentation._consent_cookies import ConsentReader, reader
from otel_segment.instrumentation._forms import (
    Pattern,
    callback,
    long_secret,
    patterns,
    sources,
    text,
    url_path,
    words,
)
from otel_segment.instrumentation._hosts import Hosts, parse_hosts
from otel_segment.instrumentation._trust import Trust, parse_trust

__all__ = ["ROWS", "WebArguments", "WebSettings", "resolve_web"]

_PREFIX = "OTEL_INSTRUMENTATION_SEGMENT_"
_SPOOL = "OTEL_EXPORTER_SEGMENT_SPOOL"
_YEAR = 365 * 24 * 3_600
_USUAL_EXCLUSIONS = r"^https?://[^/]+/(?:healthz?|livez|readyz|ping|favicon\.ico|robots\.txt|health/.*|static/.*)$"


def _row(name: str, default: object, parse: _parsers.Parser, doc: str, *others: str, missing: str = "none") -> Row:
    variables = (_PREFIX + name.upper(), *others)
    return Row(name, variables, default, parse, doc, missing=missing)


ROWS: tuple[Row, ...] = (
    _row(
        "excluded_urls",
        _USUAL_EXCLUSIONS,
        patterns,
        "regular expressions, with commas between, of URLs that make no event; in place of the usual ones",
        missing="health checks, static files",
    ),
    _row("page_name", "route", _parsers.choice("route", "path"), "a page's name: `route` (the template) or `path`"),
    _row("capture_title", False, _parsers.boolean, "take the page's title from small HTML that is not streamed"),
    _row("api_paths", None, words, "globs of paths, such as `/api/*`, whose requests are no pages"),
    _row("track_api", False, _parsers.boolean, "a track call `API Called` for each request to `api_paths`"),
    _row(
        "bots",
        "exclude",
        _parsers.choice("exclude", "mark", "include"),
        "known crawlers: `exclude`, `mark` (`context.bot`) or `include`",
    ),
    _row(
        "trusted_proxies",
        None,
        parse_trust,
        "number of proxies, or their networks, that may say who the client is",
        missing="believes nobody",
    ),
    _row(
        "get_user",
        None,
        callback,
        "function of the request that returns who is signed in: id or `User(…)`; a plain one is asked at each event",
    ),
    _row("get_user_timeout", 1, _parsers.seconds(60), "seconds that an asynchronous callback may take"),
    _row(
        "get_anonymous_id", None, callback, "function of the request that returns the visitor's id; counts before all"
    ),
    _row(
        "anonymous_id",
        "pseudonym",
        sources,
        "where the visitor's id is from, the first counts: `cookie`, `segment` (analytics.js's), `pseudonym`; `none`",
    ),
    Row(
        "salt",
        (_PREFIX + "SALT",),
        None,
        long_secret,
        "secret of which the pseudonym's daily salt is made, where machines must agree",
        show=_parsers.show_secret,
        missing="random, in a file",
    ),
    _row(
        "salt_folder",
        None,
        _parsers.folder,
        "folder of the random salt, shared by all processes",
        _SPOOL,
        missing="a private one among the temporary files",
    ),
    _row("cookie_name", "otel_visitor", text, "name of the visitor's cookie"),
    _row("cookie_max_age", _YEAR, _parsers.whole(60, 400 * 24 * 3_600), "seconds that the cookie lives"),
    _row("cookie_secure", None, _parsers.boolean, "`Secure`", missing="where the request came by https"),
    _row("cookie_http_only", True, _parsers.boolean, "`HttpOnly`"),
    _row("cookie_same_site", "lax", _parsers.choice("lax", "strict", "none"), "`SameSite`"),
    _row("cookie_path", "/", text, "`Path`"),
    _row("cookie_domain", None, text, "`Domain`", missing="this host alone"),
    _row("session_cookie", None, text, "cookie whose value is the session's id; never the one of the sign-in"),
    _row("get_session_id", None, callback, "function of the request that returns the session's id"),
    _row(
        "consent_cookie",
        None,
        reader,
        "reader of the consent cookie: `onetrust`, `cookiebot`, `usercentrics`, or `json:NAME`",
    ),
    _row("get_consent", None, callback, "function of the request that returns consent: names to true or false"),
    _row(
        "consent_category",
        None,
        text,
        "the consent's name that allows a cookie, and events in spite of `Sec-GPC`",
        missing="`analytics`, or the reader's own",
    ),
    _row("respect_gpc", True, _parsers.boolean, "`Sec-GPC: 1` means no identity and no event, unless consent says so"),
    _row("respect_dnt", False, _parsers.boolean, "`DNT: 1` means the same"),
    _row("browser", False, _parsers.boolean, "pages wait for what a script in the browser reports, and are sent once"),
    _row("browser_path", "/_analytics/event", url_path, "path of the reports; the script is under it with `.js`"),
    _row("browser_wait", 3, _parsers.seconds(60), "seconds for which a page waits at most"),
    _row("propagate", False, _parsers.boolean, "hand the visitor on to the services that `propagate_to` lists"),
    _row("propagate_to", None, parse_hosts, "hosts, as `*.internal.example`, that the visitor is handed on to"),
    _row(
        "trusted_callers",
        None,
        parse_callers,
        "networks of the services whose word on the visitor is believed",
        missing="believes nobody",
    ),
)


class WebArguments(TypedDict, total=False):
    """The keywords of the instrumentors and middlewares; what is not given comes from the environment."""

    excluded_urls: object
    page_name: str
    capture_title: bool
    api_paths: object
    track_api: bool
    bots: str
    trusted_proxies: object
    get_user: object
    get_user_timeout: float
    get_anonymous_id: object
    anonymous_id: object
    salt: str
    salt_folder: object
    cookie_name: str
    cookie_max_age: int
    cookie_secure: bool
    cookie_http_only: bool
    cookie_same_site: str
    cookie_path: str
    cookie_domain: str
    session_cookie: str
    get_session_id: object
    consent_cookie: str
    get_consent: object
    consent_category: str
    respect_gpc: bool
    respect_dnt: bool
    browser: bool
    browser_path: str
    browser_wait: float
    propagate: bool
    propagate_to: object
    trusted_callers: object


@dataclass(frozen=True)
class WebSettings:
    """The settings, checked."""

    excluded_urls: Pattern | None
    page_name: str
    capture_title: bool
    api_paths: tuple[str, ...] | None
    track_api: bool
    bots: str
    trusted_proxies: Trust | None
    get_user: Callable[..., Any] | None
    get_user_timeout: float
    get_anonymous_id: Callable[..., Any] | None
    anonymous_id: tuple[str, ...]
    salt: str | None
    salt_folder: str | None
    cookie_name: str
    cookie_max_age: int
    cookie_secure: bool | None
    cookie_http_only: bool
    cookie_same_site: str
    cookie_path: str
    cookie_domain: str | None
    session_cookie: str | None
    get_session_id: Callable[..., Any] | None
    consent_cookie: ConsentReader | None
    get_consent: Callable[..., Any] | None
    consent_category: str | None
    respect_gpc: bool
    respect_dnt: bool
    browser: bool
    browser_path: str
    browser_wait: float
    propagate: bool
    propagate_to: Hosts | None
    trusted_callers: Callers | None


def resolve_web(arguments: Mapping[str, object], environ: Mapping[str, str] = os.environ) -> WebSettings:
    """Read the settings of the web instrumentation from keywords and the environment, and check them all.

    Args:
        arguments: The settings that were given in code, by name; they win over the environment.
        environ: The environment variables. What ``OTEL_PYTHON_EXCLUDED_URLS`` excludes is excluded besides.

    Raises:
        ConfigurationError: Settings are unknown or wrong; the message names every one of them.
    """
    values = read(ROWS, arguments, _without_spool(environ), _PREFIX)
    return WebSettings(**{field.name: values[field.name] for field in fields(WebSettings)})


def _without_spool(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Leave the spool's folder out where there is to be none."""
    try:
        is_disabled = _parsers.boolean(environ.get("OTEL_EXPORTER_SEGMENT_DISABLED") or "false")
    except ValueError:  # whoever uses the spool says so
        is_disabled = False
    return {name: environ[name] for name in environ if name != _SPOOL} if is_disabled else environ
