"""The exporter for events on spans."""

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from typing_extensions import Unpack

from otel_segment.exporters._door import Door
from otel_segment.exporters._export import finish_export, losses
from otel_segment.settings import SettingsArguments

__all__ = ["SegmentSpanExporter"]


class SegmentSpanExporter(Door, SpanExporter):
    """Sends analytics events on spans to Segment.

    An event on a span follows the span: it leaves when the span has ended, and never where the span is not sampled.
    Log records are the surer way.

    Args:
        **settings: The settings; what is not given comes from the environment. See
            :class:`otel_segment.settings.Settings`.

    Raises:
        ConfigurationError: If a setting is missing, unknown or wrong.
    """

    def __init__(self, **settings: Unpack[SettingsArguments]) -> None:
        super().__init__(settings, "segment_span_exporter", "span")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Convert and send the analytics events of spans; other events, and the spans, are left alone.

        Returns:
            FAILURE where events were lost in delivery, or could not be settled in time.
        """
        losses_before = losses(self._pipeline.delivery)
        # Not any(), which would stop at the first. Where nothing was taken there is nothing to wait for, and our own
        # log lines, when they come back here, must not wait for the sender that wrote them.
        taken = [self._pipeline.take_span(span) for span in spans]
        is_well = not any(taken) or finish_export(self._pipeline.delivery, losses_before)
        return SpanExportResult.SUCCESS if is_well else SpanExportResult.FAILURE
