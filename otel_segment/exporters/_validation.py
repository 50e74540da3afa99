"""Warnings of semantic events that lack what Segment's specification requires of them."""

import logging
from contextlib import suppress

from opentelemetry.metrics import get_meter

from otel_segment._log import say
from otel_segment._types import Payload
from otel_segment._version import __version__
from otel_segment.mapping import ecommerce_flaws

__all__ = ["Validation"]

_LONGEST_NAME = 80


class Validation:
    """Looks at track calls; what it finds is said and counted, and keeps no event from leaving."""

    def __init__(self) -> None:
        self._flawed = get_meter("otel_segment", __version__).create_counter(
            "otel_segment.events.flawed", "{event}", "Events that lack what Segment's specification requires."
        )

    def look(self, payload: Payload) -> None:
        """Warn of a payload with flaws; of the events of one name only now and then."""
        event = payload.get("event")
        if event is None or not (flaws := ecommerce_flaws(event, payload.get("properties", {}))):
            return
        with suppress(Exception):  # the application's MeterProvider may do anything
            self._flawed.add(1)
        say(
            f"ecommerce {event[:_LONGEST_NAME]} {flaws}",
            logging.WARNING,
            "the event %r is not as Segment's e-commerce specification has it: %s",
            event[:_LONGEST_NAME],
            "; ".join(flaws),
        )
