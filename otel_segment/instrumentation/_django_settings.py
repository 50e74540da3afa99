"""The settings of the web instrumentation in Django's own."""

from collections.abc import Mapping
from typing import Any

from otel_segment.errors import ConfigurationError
from otel_segment.instrumentation._web import Web

__all__ = ["NAME", "web_of_django"]

NAME = "OTEL_SEGMENT"
_CALLBACKS = frozenset(("get_anonymous_id", "get_consent", "get_session_id", "get_user"))


def web_of_django(arguments: Mapping[str, Any]) -> Web:
    """Make the settings ready that Django's have, in ``OTEL_SEGMENT``, a map of names to values.

    Callbacks may be given as Django's settings name things, ``"shop.analytics.user"``; they are imported at once, so
    the applications have to be loaded.

    Args:
        arguments: Settings that count before those; what neither gives comes from the environment.

    Raises:
        ConfigurationError: Settings are unknown or wrong.
    """
    from django.conf import settings

    given = getattr(settings, NAME, None) or {}
    if not isinstance(given, Mapping):
        message = f"otel_segment cannot start. {NAME} in Django's settings is a {type(given).__name__}; "
        raise ConfigurationError(message + "write a map of names to values")
    try:
        return Web({name: _imported(name, value) for name, value in given.items()} | dict(arguments))
    except ConfigurationError as error:
        if not given:
            raise
        message = f"{error} Arguments are the names in {NAME}, in Django's settings"
        raise ConfigurationError(message) from None


def _imported(name: str, value: object) -> object:
    if name not in _CALLBACKS or not isinstance(value, str):
        return value
    from django.utils.module_loading import import_string

    try:
        return import_string(value.strip().replace(":", "."))
    except ImportError as error:
        message = f"otel_segment cannot start. {name}: cannot use {value!r} ({NAME} in Django's settings): {error}"
        raise ConfigurationError(message) from None
