"""Events on spans: what happens inside a span is told on the span, and leaves when the span has ended."""

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from otel_segment import SegmentSpanExporter

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(SegmentSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("shop")

# What the span says of the person and the request counts for its events.
request = {
    "user.id": "u-1042",
    "client.address": "203.0.113.7",
    "url.full": "https://shop.example.com/basket?utm_source=mail",
}

with tracer.start_as_current_span("POST /basket", attributes=request) as span:
    span.add_event("cache missed")  # no analytics event: it stays where it is
    span.add_event("Product Added", {"analytics.type": "track", "product_id": "p-9", "price": 19.9})
    span.add_event(
        "Basket Seen",
        {"analytics.type": "page", "analytics.name": "Basket", "analytics.properties.items": 3},
    )
