"""The ways in which each site is run: as it is, with otel_segment, and with OpenTelemetry's tracing."""

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.web.frameworks import Framework

__all__ = ["VARIANTS", "instrument"]

Settle = Callable[[], object]
Wrap = Callable[[Any], Any]

_PATIENCE_MS = 30_000


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


VARIANTS = {"bare": _bare, "ours": _ours, "contrib": _contrib, "silent": _silent}
"""``silent`` is ``contrib`` with an exporter that does nothing."""
