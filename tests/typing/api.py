"""The public names as an application's type checker sees them: checked, never run.

Lines that must not pass say so with an ignore, which the checkers report when nothing is wrong any more.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from typing_extensions import assert_type

import otel_segment
from otel_segment import (
    ConfigurationError,
    DropReason,
    OtelSegmentError,
    SegmentLogRecordExporter,
    SegmentLogRecordProcessor,
    SegmentSpanExporter,
    Stats,
    analytics,
    configure,
    use_visitor,
)
from otel_segment.ecommerce import ORDER_COMPLETED, Product
from otel_segment.inspector import LocalEndpoint, Received
from otel_segment.settings import SettingsArguments
from otel_segment.testing import ABSENT, ANY, SegmentEvents, SegmentServer, SegmentTestCase, capture_events


def before_send(message: dict[str, Any]) -> dict[str, Any] | None:
    """Edit or drop."""
    return message if message["type"] == "track" else None


def on_dropped(reason: DropReason, messages: list[dict[str, Any]]) -> None:
    """Look at what was dropped."""
    text: str = reason.value
    on_dropped(DropReason(text), [*messages, {}])


# Settings are the same keywords for all doors.
configure()
configure(
    write_key="k",
    endpoint="http://localhost",
    region=None,
    path="/v1/batch",
    timeout=2.5,
    compression="gzip",
    headers={"X-Tenant": "a"},
    certificate=Path("ca.pem"),
    max_retry_time="600",
    concurrency=4,
    flush_interval=0.5,
    max_queue_bytes="64MiB",
    mapping={"rules": [{"match": "*"}]},
    disabled=True,
    auth="header",
    oauth={"client_id": "c", "key_id": "k", "key_file": Path("key.pem")},
    shutdown_timeout=3,
    on_delivered=lambda messages: messages.clear(),
    on_dropped=on_dropped,
    before_send=before_send,
)
configure(write_kee="k")  # type: ignore[call-arg]
configure(write_key=7)  # type: ignore[arg-type]
configure("k")  # type: ignore[call-arg]

# Exporters and processor go where the SDK takes such things.
log_exporter: LogRecordExporter = SegmentLogRecordExporter(write_key="k", concurrency=2)
span_exporter: SpanExporter = SegmentSpanExporter(write_key="k")
processor: LogRecordProcessor = SegmentLogRecordProcessor(write_key="k", mapping=Path("mapping.yaml"))
logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(log_exporter))
logs.add_log_record_processor(processor)
TracerProvider().add_span_processor(BatchSpanProcessor(span_exporter))
SegmentSpanExporter(write_kee="k")  # type: ignore[call-arg]

# What can be asked of all of them.
assert_type(otel_segment.flush(), bool)
assert_type(otel_segment.flush(timeout=2), bool)
assert_type(otel_segment.shutdown(1.5), bool)
stats = otel_segment.stats()
assert_type(stats, Stats)
assert_type(stats.delivered, int)
assert_type(stats.dropped, dict[DropReason, int])
assert_type(stats.unaccounted, int)
assert_type(otel_segment.__version__, str)

# The six calls, in the order of arguments of Segment's own library.
analytics.write_key = "k"
analytics.strict = True
analytics.on_error = on_dropped
assert_type(
    analytics.track("u", "Order Completed", {"total": Decimal("1.5"), "tags": {"a", "b"}}, {"ip": "::1"}),
    None,
)
analytics.track(7, "Event", timestamp=datetime.now(timezone.utc), anonymous_id=uuid4(), message_id="m-1")
analytics.page("u", "category", "name", {"path": "/"}, timestamp="2026-01-02T03:04:05Z")
analytics.screen("u", "category", "name", integrations={"All": False})
analytics.identify("u", {"email": "ada@example.com"})
analytics.group("u", "g", {"seats": 40})
analytics.alias("previous", "u")
assert_type(analytics.flush(3), bool)
assert_type(analytics.shutdown(), bool)
assert_type(analytics.refused(), dict[str, int])
analytics.track("u", 7)  # type: ignore[arg-type]
analytics.track("u", "Event", [("total", 1)])  # type: ignore[arg-type]
analytics.track("u", "Event", timestamp=0)  # type: ignore[arg-type]

# The calls for Segment's e-commerce events: the specification's properties as keywords, and what track() takes.
analytics.track("u", ORDER_COMPLETED, {"order_id": "o-1"})
assert_type(
    analytics.ecommerce.order_completed(
        order_id="o-1",
        revenue=Decimal("42.5"),
        tax=2,
        currency="EUR",
        products=[Product(product_id="p-1", price=12.0, quantity=2), {"product_id": "p-2", "size": "L"}],
        properties={"gift": True},
        user_id=7,
        timestamp=datetime.now(timezone.utc),
    ),
    None,
)
analytics.ecommerce.cart_viewed(products=(Product(product_id=name) for name in "ab"), anonymous_id=uuid4())
analytics.ecommerce.product_added(product_id="p-1", cart_id="c-1", name="Uno", price=3, position=None)
analytics.ecommerce.product_list_filtered(filters=[{"type": "price", "value": "under-25"}])
analytics.ecommerce.products_searched(query={"text": "roses"})
analytics.ecommerce.order_completed(revenue=42.5)  # type: ignore[call-arg]
analytics.ecommerce.order_completed(order_id=7)  # type: ignore[arg-type]
analytics.ecommerce.order_completed(order_id="o-1", revenue="42.5")  # type: ignore[arg-type]
analytics.ecommerce.order_completed(order_id="o-1", revenu=42.5)  # type: ignore[call-arg]
analytics.ecommerce.order_completed(order_id="o-1", products="p-1")  # type: ignore[arg-type]
analytics.ecommerce.order_completed("o-1")  # type: ignore[call-arg]
analytics.ecommerce.product_viewed(product_id="p-1", price="3")  # type: ignore[arg-type]
analytics.ecommerce.product_list_filtered(filters=[{"type": "price"}])  # type: ignore[typeddict-item]
Product(sku="G-32")  # type: ignore[call-arg]
Product(product_id="p-1", price="12.0")  # type: ignore[arg-type]
analytics.ecomerce.order_completed(order_id="o-1")  # type: ignore[attr-defined]

# The visitor is a context manager and a decorator that keeps the function's type.
with use_visitor(user_id=7, traits={"plan": "pro"}, consent={"analytics": True}) as visitor:
    assert_type(visitor.user_id, str | None)


@use_visitor("u")
def handler(number: int) -> str:
    """Do something."""
    return str(number)


@use_visitor(anonymous_id="a")
async def task(number: int) -> str:
    """Do something later."""
    return str(number)


@use_visitor("u")
def steps() -> Iterator[int]:
    """Do something step by step."""
    yield 1


@use_visitor("u")
async def async_steps() -> AsyncIterator[int]:
    """Do something step by step, later."""
    yield 1


assert_type(handler(1), str)
assert_type(asyncio.run(task(1)), str)
assert_type(next(steps()), int)
assert_type(async_steps(), AsyncIterator[int])
handler("1")  # type: ignore[arg-type]
use_visitor("u", "a")  # type: ignore[call-arg]

# Errors are caught by either name.
try:
    configure()
except ConfigurationError as error:
    base: OtelSegmentError = error

# The local endpoint for tests.
with LocalEndpoint(write_key="k") as endpoint:
    assert_type(endpoint.url, str)
    assert_type(endpoint.received.wait_for(lambda seen: len(seen) == 3, timeout=5), bool)
    for received in endpoint.received:
        assert_type(received, Received)
        assert_type(received.message, dict[str, Any])


# The testing kit.
with capture_events(mapping={"rules": []}, before_send=before_send) as events:
    assert_type(events, SegmentEvents)
    assert_type(
        events.tracked("Order Completed", {"order id": ANY}, user_id="u", revenue=5, coupon=ABSENT), dict[str, Any]
    )
    assert_type(events.identified("u", plan="pro"), dict[str, Any])
    assert_type(events.of("track", user_id="u").one(), dict[str, Any])
    assert_type(events[0], dict[str, Any])
    assert_type(events[1:], list[dict[str, Any]])
    assert_type(events.dropped, dict[DropReason, int])
    events.of(typ="track")  # type: ignore[call-arg]
with capture_events(timeouts=5):  # type: ignore[call-arg]
    pass
with SegmentServer() as server:
    assert_type(server, SegmentServer)
    assert_type(server.fail(times=2, status=503, retry_after=1).reset(times=1).delay(0.5), SegmentServer)
    otel_segment.configure(**server.settings)
    server.fail(often=True)  # type: ignore[call-arg]


class TestOrders(SegmentTestCase):
    """A test case of unittest."""

    segment_settings: ClassVar[SettingsArguments] = {"timeout": 5}

    def test_order(self) -> None:
        """The events of a test."""
        assert_type(self.segment_events, SegmentEvents)
