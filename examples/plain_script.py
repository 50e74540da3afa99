"""A plain script: the six calls of Segment's own library, and nothing else to set up.

The write key comes from the environment (SEGMENT_WRITE_KEY), or is set here: ``analytics.write_key = "..."``.
"""

from otel_segment import analytics

analytics.identify("u-1042", {"email": "ada@example.com", "plan": "pro"})
analytics.group("u-1042", "acme", {"name": "Acme Ltd", "seats": 40})
analytics.page("u-1042", "Shop", "Front page", {"path": "/", "title": "Welcome"})
analytics.screen("u-1042", "Shop", "Basket")
analytics.track("u-1042", "Order Completed", {"order_id": "o-7", "total": 42.5, "currency": "EUR"})
analytics.alias("anonymous-77", "u-1042")

# What is emitted is delivered at exit as well; this only waits for it here.
print("all settled:", analytics.flush(timeout=10))
