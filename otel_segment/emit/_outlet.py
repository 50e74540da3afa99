"""Where calls go: the logger of the application's LoggerProvider, or of one that is set up at the first call."""

import logging
import os
import sys
from collections.abc import Callable
from threading import RLock
from typing import Any, TypeAlias

from opentelemetry._logs import Logger, LoggerProvider, get_logger, get_logger_provider

from otel_segment._log import say, say_once
from otel_segment._version import __version__
from otel_segment.emit._plain import text

__all__ = ["Outlet", "Settings"]

Settings: TypeAlias = dict[str, Any]
"""Keyword arguments of ``configure()``."""

_WRITE_KEYS = ("OTEL_EXPORTER_SEGMENT_WRITE_KEY", "SEGMENT_WRITE_KEY")


class Outlet:
    """Finds the logger, once for each provider.

    Args:
        settings: Gives what the application set in the module; read when there is no logger yet.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._provider: LoggerProvider | None = None
        self._logger: Logger | None = None
        self._failure: Exception | None = None
        self._failed_with: Settings | None = None
        self._connecting = False
        self._lock = RLock()
        self._lock_owner = os.getpid()

    def logger(self, *, strict: bool = False) -> Logger | None:
        """The logger to emit through, or ``None`` where there is no place for calls to go.

        Args:
            strict: Raise what ``configure()`` raises.

        Raises:
            ConfigurationError: A setting is wrong, and ``strict`` is on.
        """
        try:
            if get_logger_provider() is self._provider:
                return self._logger
            logger = self._connect()
        except Exception as error:  # noqa: BLE001 - the application's LoggerProvider is foreign code
            say("outlet", logging.ERROR, "analytics calls cannot be emitted: %s", text(error))
            return None
        if strict and self._failure is not None:
            raise self._failure
        return logger

    def forget(self) -> None:
        """Begin afresh: what was found, and what failed, counts no more."""
        self._provider = self._logger = self._failure = self._failed_with = None

    def flush(self, timeout: float | None) -> bool:
        """Wait until all is settled; see :func:`otel_segment.flush`."""
        if not self._is_in_use():
            return True
        from otel_segment import flush

        return _settled(flush, timeout)

    def shutdown(self, timeout: float | None) -> bool:
        """Deliver what can be delivered and stop; see :func:`otel_segment.shutdown`."""
        if not self._is_in_use():
            return True
        from otel_segment import shutdown

        return _settled(shutdown, timeout)

    def _connect(self) -> Logger | None:
        with self._own_lock():
            if self._connecting:
                # configure() itself came back to us: what is emitted meanwhile has no place to go.
                return None
            self._connecting = True
            try:
                if get_logger_provider() is not self._provider:
                    self._configure_where_asked()
                return self._attach(get_logger_provider())
            finally:
                self._connecting = False

    def _attach(self, provider: LoggerProvider) -> Logger | None:
        if _is_placeholder(provider):
            self._say_nowhere()
            return None
        if provider is not self._provider:
            # In this order: whoever sees the provider may take the logger without the lock.
            self._logger = get_logger("otel_segment", __version__, provider)
            self._provider = provider
        return self._logger

    def _configure_where_asked(self) -> None:
        settings = self._settings()
        if "write_key" not in settings and not _is_asked_by_environment():
            return
        if self._failure is None or settings != self._failed_with:
            self._failed_with = settings
            self._failure = _failure_to_configure(settings)

    def _say_nowhere(self) -> None:
        if self._failure is None:
            say_once(
                "nowhere",
                logging.WARNING,
                "analytics calls do nothing, because there is neither an OpenTelemetry LoggerProvider nor a write key: "
                "set otel_segment.analytics.write_key or the environment variable %s, call otel_segment.configure(), "
                "or run the program under opentelemetry-instrument",
                _WRITE_KEYS[0],
            )

    def _is_in_use(self) -> bool:
        return "otel_segment._configure" in sys.modules or not _is_placeholder(get_logger_provider())

    def _own_lock(self) -> RLock:
        # A fork may have copied the lock while another thread held it, and that thread is not in this process.
        if self._lock_owner != os.getpid():
            self._lock, self._connecting, self._lock_owner = RLock(), False, os.getpid()
        return self._lock


def _failure_to_configure(settings: Settings) -> Exception | None:
    try:
        from otel_segment import configure

        configure(**settings)
    except Exception as error:  # noqa: BLE001 - raised into the application in strict mode alone
        say("configure", logging.ERROR, "analytics calls could not be set up: %s", text(error))
        return error
    return None


def _settled(settle: Callable[..., object], timeout: float | None) -> bool:
    try:
        return (settle() if timeout is None else settle(timeout)) is not False
    except Exception as error:  # noqa: BLE001 - never the application's problem
        say("settle", logging.ERROR, "analytics events could not be flushed: %s", text(error))
        return False


def _is_asked_by_environment() -> bool:
    return _is_placeholder(get_logger_provider()) and any(map(os.environ.get, _WRITE_KEYS))


def _is_placeholder(provider: LoggerProvider) -> bool:
    # The API has no other way to tell that no provider was set, and its class is not exported.
    return type(provider).__name__ == "ProxyLoggerProvider"
