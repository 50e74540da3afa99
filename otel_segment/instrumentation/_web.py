"""One middleware's settings, made ready: what all its requests have in common."""

import logging
import os
import re
from collections.abc import Mapping
from fnmatch import translate
from functools import cached_property, lru_cache
from typing import Any

from otel_segment._log import say_once
from otel_segment.errors import ConfigurationError
from otel_segment.instrumentation import _clients
from otel_segment.instrumentation._browser_part import BrowserPart
from otel_segment.instrumentation._callbacks import is_asynchronous
from otel_segment.instrumentation._callers import NOBODY
from otel_segment.instrumentation._hosts import Hosts
from otel_segment.instrumentation._salts import Salts
from otel_segment.instrumentation._settings import WebSettings, resolve_web
from otel_segment.instrumentation._trust import Trust, parse_trust
from otel_segment.instrumentation._visitor_cookie import CookieSettings

__all__ = ["CALLBACKS", "Web"]

CALLBACKS = ("get_consent", "get_user", "get_anonymous_id", "get_session_id")
"""In the order in which they are asked: whoever objects is not asked who he is."""

_OF_OPENTELEMETRY = "OTEL_PYTHON_EXCLUDED_URLS"
_DEFAULT_CATEGORY = "analytics"


class Web:
    """What a middleware's requests have in common.

    Args:
        arguments: The settings that were given in code.

    Raises:
        ConfigurationError: Settings are unknown or wrong.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.settings = settings = resolve_web(arguments)
        self.trust: Trust = settings.trusted_proxies or parse_trust(None)
        self.callers = settings.trusted_callers or NOBODY
        self.hosts = _listed(settings)
        self.salts = Salts(settings.salt, settings.salt_folder)
        self.browser = (
            BrowserPart(settings.browser_path, settings.browser_wait, self.salts, settings.salt_folder)
            if settings.browser
            else None
        )
        self.cookie = _cookie(settings)
        self.makes_cookies = "cookie" in settings.anonymous_id
        self.reads_segment = "segment" in settings.anonymous_id
        self.asks_consent = settings.get_consent is not None or settings.consent_cookie is not None
        reader = settings.consent_cookie
        self.category = settings.consent_category or (_DEFAULT_CATEGORY if reader is None else reader.category)
        self._excluded = tuple(
            pattern for pattern in (settings.excluded_urls, _also_excluded(os.environ)) if pattern is not None
        )
        self._api = re.compile("|".join(map(translate, settings.api_paths or ()))) if settings.api_paths else None
        self.is_excluded = lru_cache(1_024)(self._is_excluded)
        if self.hosts is not None:
            _clients.start(self.hosts)

    def close(self) -> None:
        """End what is going on in the whole process for these settings' sake."""
        if self.hosts is not None:
            _clients.stop(self.hosts)

    @cached_property
    def awaited(self) -> set[str]:
        """The callbacks that have to be awaited; known with the first request, when they can be imported."""
        return {name for name in CALLBACKS if (function := getattr(self.settings, name)) and is_asynchronous(function)}

    def is_api(self, path: str) -> bool:
        """Tell whether a path is one of ``api_paths``."""
        return self._api is not None and self._api.match(path) is not None

    def _is_excluded(self, url: str) -> bool:
        return any(pattern.search(url) for pattern in self._excluded)


def _listed(settings: WebSettings) -> Hosts | None:
    if settings.propagate and settings.propagate_to is None:
        say_once(
            "web propagate", logging.WARNING, "propagate is on, but propagate_to lists no host to hand visitors to"
        )
    return settings.propagate_to if settings.propagate else None


def _cookie(settings: WebSettings) -> CookieSettings:
    try:
        return CookieSettings(
            name=settings.cookie_name,
            max_age=settings.cookie_max_age,
            secure=settings.cookie_secure,
            http_only=settings.cookie_http_only,
            same_site=settings.cookie_same_site.capitalize(),
            path=settings.cookie_path,
            domain=settings.cookie_domain,
        )
    except ValueError as error:
        message = f"otel_segment cannot start. The visitor's cookie: {error}."
        raise ConfigurationError(message) from None


def _also_excluded(environ: Mapping[str, str]) -> "re.Pattern[str] | None":
    """Read what is excluded for all instrumentations; a pattern that is wrong is theirs to report."""
    texts = [text for each in environ.get(_OF_OPENTELEMETRY, "").split(",") if (text := each.strip())]
    try:
        return re.compile("|".join(texts)) if texts else None
    except re.error:
        say_once("web excluded", logging.ERROR, "%s holds no regular expressions and is left aside", _OF_OPENTELEMETRY)
        return None
