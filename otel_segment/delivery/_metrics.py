"""What the exporters say of themselves, as OpenTelemetry metrics on the global MeterProvider.

Names and attributes are those of the semantic conventions for SDK components
(https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/) where one exists.
"""

import logging
from collections import Counter
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from opentelemetry.metrics import get_meter
from typing_extensions import ParamSpec

from otel_segment._log import say
from otel_segment._version import __version__
from otel_segment.reasons import DropReason
from otel_segment.transport import Reply

__all__ = ["Metrics"]

_COMPONENT_NAME = "otel.component.name"
_COMPONENT_TYPE = "otel.component.type"
_ERROR_TYPE = "error.type"
_REASON = "otel_segment.reason"
_STATUS = "http.response.status_code"
_DEFAULT_PORTS = {"http": 80, "https": 443}

_instances: Counter[str] = Counter()
_Parameters = ParamSpec("_Parameters")


def _without_fail(count: Callable[_Parameters, None]) -> Callable[_Parameters, None]:
    """Let a count go missing where the application's meters fail: no event may for that."""

    @wraps(count)
    def guarded(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        try:
            count(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the application's MeterProvider may do anything
            say("meter", logging.WARNING, "a metric could not be recorded", exc_info=error)

    return guarded


class Metrics:
    """The instruments of one exporter, and the attributes that tell it from others.

    Args:
        component: The kind of exporter, such as ``segment_log_exporter``.
        signal: ``log`` or ``span``: what the exported items are called in the conventions.
        url: The URL that it sends to.
    """

    def __init__(self, component: str, signal: str, url: str) -> None:
        parts = urlsplit(url)
        self.attributes: dict[str, str | int] = {
            _COMPONENT_TYPE: component,
            _COMPONENT_NAME: f"{component}/{_instances[component]}",
            "server.address": parts.hostname or "",
            "server.port": parts.port or _DEFAULT_PORTS[parts.scheme],
        }
        _instances[component] += 1
        meter = get_meter("otel_segment", __version__)
        item = f"{{{'log_record' if signal == 'log' else signal}}}"
        self._exported = meter.create_counter(
            f"otel.sdk.exporter.{signal}.exported", item, "Events whose export has ended, well or not."
        )
        self._inflight = meter.create_up_down_counter(
            f"otel.sdk.exporter.{signal}.inflight", item, "Events in requests that have no final answer yet."
        )
        self._duration = meter.create_histogram(
            "otel.sdk.exporter.operation.duration", "s", "The duration of one request."
        )
        self._dropped = meter.create_counter("otel_segment.events.dropped", "{event}", "Events dropped, by reason.")
        self._dead_lettered = meter.create_counter(
            "otel_segment.events.dead_lettered", "{event}", "Events written to the dead-letter file, by reason."
        )
        self._recovered = meter.create_counter(
            "otel_segment.events.recovered", "{event}", "Events of other processes that were taken from the spool."
        )
        self._spool_failures = meter.create_counter(
            "otel_segment.spool.failures", "{failure}", "Batches that the spool could not take, by error."
        )
        self._retried = meter.create_counter("otel_segment.requests.retried", "{request}", "Requests made again.")
        self._requests = meter.create_counter("otel_segment.requests", "{request}", "Requests, by status.")
        self._bytes = meter.create_counter("otel_segment.sent", "By", "Bytes of requests' bodies, uncompressed.")

    @_without_fail
    def taken(self, events: int) -> None:
        """Count events that a sender has taken up."""
        self._inflight.add(events, self.attributes)

    @_without_fail
    def requested(self, reply: Reply, seconds: float, size: int, is_retry: bool) -> None:
        """Count one request."""
        error = {} if 200 <= reply.status < 300 else {_ERROR_TYPE: reply.error or str(reply.status)}  # noqa: PLR2004
        status: dict[str, str | int] = {_STATUS: reply.status} if reply.status else {}
        attributes = {**self.attributes, **status, **error}
        self._duration.record(seconds, attributes)
        self._requests.add(1, attributes)
        self._bytes.add(size, self.attributes)
        if is_retry:
            self._retried.add(1, self.attributes)

    @_without_fail
    def released(self, events: int) -> None:
        """Count out events that a sender had taken up."""
        self._inflight.add(-events, self.attributes)

    @_without_fail
    def exported(self, events: int, reason: DropReason | None) -> None:
        """Count events whose export has ended, with the reason where not well."""
        error: dict[str, str | int] = {_ERROR_TYPE: reason.value} if reason else {}
        self._exported.add(events, {**self.attributes, **error})

    @_without_fail
    def dropped(self, events: int, reason: DropReason) -> None:
        """Count dropped events."""
        self._dropped.add(events, {**self.attributes, _REASON: reason.value})

    @_without_fail
    def dead_lettered(self, events: int, reason: DropReason) -> None:
        """Count events that are in the dead-letter file."""
        self._dead_lettered.add(events, {**self.attributes, _REASON: reason.value})

    @_without_fail
    def recovered(self, events: int) -> None:
        """Count events of other processes that were taken from the spool."""
        self._recovered.add(events, self.attributes)

    @_without_fail
    def spool_failed(self, error: Exception) -> None:
        """Count what the spool could not take."""
        self._spool_failures.add(1, {**self.attributes, _ERROR_TYPE: type(error).__qualname__})
