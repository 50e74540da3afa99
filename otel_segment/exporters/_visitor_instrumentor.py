"""What lets ``opentelemetry-instrument`` put the visitor on events, whichever exporter is chosen."""

from collections.abc import Collection
from typing import Any

from opentelemetry._logs import get_logger_provider
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]

from otel_segment.exporters._visitor_processor import put_visitor_first, remove

__all__ = ["SegmentVisitorInstrumentor"]


class SegmentVisitorInstrumentor(BaseInstrumentor):  # type: ignore[misc, unused-ignore]
    """Puts a :class:`VisitorLogRecordProcessor` before the processors of the LoggerProvider that is set.

    ``instrument(logger_provider=…)`` takes another provider. It is ``segment_visitor`` in
    ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS``.
    """

    _provider: Any = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """Name nothing: there is nothing that it needs."""
        return ()

    def _instrument(self, **settings: Any) -> None:
        self._provider = settings.get("logger_provider") or get_logger_provider()
        put_visitor_first(self._provider)

    def _uninstrument(self, **_: Any) -> None:
        remove(self._provider)
