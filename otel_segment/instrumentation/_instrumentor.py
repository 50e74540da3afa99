"""What all instrumentors have in common."""

import logging
from abc import abstractmethod
from collections.abc import Collection
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]
from typing_extensions import Unpack

from otel_segment._log import logger, say_once
from otel_segment.errors import ConfigurationError
from otel_segment.instrumentation._hooks import Hooks
from otel_segment.instrumentation._settings import WebArguments
from otel_segment.instrumentation._web import Web

__all__ = ["OF_OPENTELEMETRY", "SegmentInstrumentor"]

OF_OPENTELEMETRY = frozenset(("logger_provider", "meter_provider", "tracer_provider"))
"""What OpenTelemetry's loader may pass to any instrumentor."""


class SegmentInstrumentor(BaseInstrumentor):  # type: ignore[misc, unused-ignore]
    """Instruments a framework: all applications of the process, or single ones.

    ``instrument(**settings)`` takes all, those that exist already as well as those to come, with the settings of the
    web instrumentation; it raises ``ConfigurationError`` where they are wrong. ``uninstrument()`` undoes it. Both do
    nothing a second time, and say so in the log.
    """

    _hooks: Hooks | None = None
    _of_all: Web | None = None

    def __init__(self) -> None:
        # There is one object for each class, and it is made anew with each call of the class.
        if "_apps" not in self.__dict__:
            self._apps: WeakKeyDictionary[Any, Web] = WeakKeyDictionary()

    def instrument(self, **settings: Any) -> None:
        """Instrument all applications of the process.

        Args:
            **settings: The settings of the web instrumentation; what is not given comes from the environment.

        Raises:
            ConfigurationError: Settings are unknown or wrong. Where OpenTelemetry's launcher calls, it is logged in
                place of that: what one instrumentor raises keeps the launcher from loading those that come after it.
        """
        try:
            super().instrument(**settings)
        except ConfigurationError as error:
            if not settings.get("skip_dep_check"):
                raise
            # The launcher calls for each framework that is installed, and all have the same settings.
            say_once("web settings", logging.ERROR, "%s Until then there are no page views and no visitors.", error)

    @abstractmethod
    def instrumentation_dependencies(self) -> Collection[str]:
        """Name the framework, with the versions that this is for."""

    @abstractmethod
    def _wrap(self, hooks: Hooks) -> None:
        """Wrap what the framework calls."""

    def instrument_app(self, app: Any, **settings: Unpack[WebArguments]) -> None:
        """Instrument one application; its settings count before those of all. A second time nothing.

        Args:
            app: The application.
            **settings: The settings of the web instrumentation; what is not given comes from the environment.

        Raises:
            ConfigurationError: Settings are unknown or wrong.
        """
        if app not in self._apps:
            self._apps[app] = Web(settings)
            self._begin()

    def uninstrument_app(self, app: Any) -> None:
        """Take back what :meth:`instrument_app` did."""
        if (web := self._apps.pop(app, None)) is not None:
            web.close()
        self._end()

    def _web_for(self, app: Any) -> Web | None:
        return self._apps.get(app, self._of_all) if self._apps else self._of_all

    def _instrument(self, **settings: Any) -> None:
        # OpenTelemetry's launcher calls every instrumentor there is, and checks nothing of what this one is for.
        conflict = self._check_dependency_conflicts()
        if conflict is not None:
            logger.debug("%s: %s", type(self).__name__, conflict)
            return
        self._of_all = Web({name: settings[name] for name in settings.keys() - OF_OPENTELEMETRY})
        self._begin()

    def _uninstrument(self, **_: Any) -> None:
        if self._of_all is not None:
            self._of_all.close()
        self._of_all = None
        self._end()

    def _begin(self) -> None:
        if self._hooks is None:
            self._hooks = Hooks()
            self._wrap(self._hooks)

    def _end(self) -> None:
        if self._hooks is not None and self._of_all is None and not self._apps:
            self._hooks.undo()
            self._hooks = None
