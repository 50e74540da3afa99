"""The ways in which each site is run: as it is, with one event for each request, instrumented, and traced."""

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.web.frameworks import Framework
from benchmarks.web.page import SETTLED_PATH

__all__ = ["VARIANTS", "instrument"]

Settle = Callable[[], object]
Wrap = Callable[[Any], Any]

_PATIENCE_MS = 30_000

_LEAST = {
    "analytics.type": "page",
    "enduser.pseudo.id": "0123456789abcdef0123456789abcdef",
    "url.path": "/hello",
    "url.full": "http://shop.example/hello",
    "client.address": "127.0.0.1",
    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
}
"""What no page view can do without."""


def instrument(variant: str, framework: Framework, endpoint: str) -> tuple[Settle, Wrap]:
    """Set up one of the variants, importing only what it needs, before the site is made.

    Args:
        variant: A key of ``VARIANTS``.
        framework: What the site is made with.
        endpoint: The base URL of the sink.

    Returns:
        What delivers all that is under way, and what has to be put around the application.
    """
    return VARIANTS[variant](framework, endpoint)


def _unchanged(application: Any) -> Any:
    return application


def _bare(framework: Framework, endpoint: str) -> tuple[Settle, Wrap]:  # noqa: ARG001
    return (lambda: None), _unchanged


def _ours(framework: Framework, endpoint: str) -> tuple[Settle, Wrap]:
    import otel_segment

    otel_segment.configure(write_key="k", endpoint=endpoint)
    return (lambda: otel_segment.flush(_PATIENCE_MS / 1000)), _instrumented_by(framework.ours)


def _contrib(framework: Framework, endpoint: str) -> tuple[Settle, Wrap]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return _traced(framework, OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"))


def _silent(framework: Framework, endpoint: str) -> tuple[Settle, Wrap]:  # noqa: ARG001
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Nothing(SpanExporter):
        """Takes every batch and does nothing with it."""

        def export(self, spans: object) -> SpanExportResult:  # noqa: ARG002
            return SpanExportResult.SUCCESS

    return _traced(framework, Nothing())


def _record(framework: Framework, endpoint: str) -> tuple[Settle, Wrap]:  # noqa: ARG001
    from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor

    class Nothing(LogRecordProcessor):
        """Takes every record and does nothing with it."""

        def on_emit(self, log_record: object) -> None: ...
        def shutdown(self) -> None: ...
        def force_flush(self, timeout_millis: int = _PATIENCE_MS) -> bool:  # noqa: ARG002
            return True

    provider = LoggerProvider()
    provider.add_log_record_processor(Nothing())
    return (lambda: None), _emitting(framework, provider.get_logger("benchmark"))


def _event(framework: Framework, endpoint: str) -> tuple[Settle, Wrap]:
    from opentelemetry._logs import get_logger

    import otel_segment

    otel_segment.configure(write_key="k", endpoint=endpoint)
    return (lambda: otel_segment.flush(_PATIENCE_MS / 1000)), _emitting(framework, get_logger("benchmark"))


def _emitting(framework: Framework, logger: Any) -> Wrap:
    """Emit one prepared record for each page that is asked for."""
    from opentelemetry._logs import LogRecord

    def emit(path: str) -> None:
        if path != SETTLED_PATH:
            logger.emit(LogRecord(event_name="page", attributes=dict(_LEAST)))

    def wsgi(application: Any) -> Any:
        def call(environ: Any, start_response: Any) -> Any:
            emit(environ["PATH_INFO"])
            return application(environ, start_response)

        return call

    def asgi(application: Any) -> Any:
        async def call(scope: Any, receive: Any, send: Any) -> None:
            emit(scope["path"])
            await application(scope, receive, send)

        return call

    return wsgi if framework.server == "gunicorn" else asgi


def _traced(framework: Framework, exporter: Any) -> tuple[Settle, Wrap]:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import set_tracer_provider

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    set_tracer_provider(provider)
    return (lambda: provider.force_flush(_PATIENCE_MS)), _instrumented_by(framework.contrib)


def _instrumented_by(place: str) -> Wrap:
    """Start an instrumentor, or have its middleware put around an application that is of no framework."""
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not name.endswith("Instrumentor"):
        return found  # type: ignore[no-any-return]
    found().instrument()
    return _unchanged


VARIANTS = {
    "bare": _bare,
    "record": _record,
    "event": _event,
    "ours": _ours,
    "contrib": _contrib,
    "silent": _silent,
}
"""``silent`` is ``contrib`` with an exporter that does nothing. ``record`` and ``event`` emit one prepared record for a
request and look at nothing of it: to a processor that does nothing, and to ours."""
