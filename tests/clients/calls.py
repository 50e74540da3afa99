"""Each call once, as segment-analytics-python takes them, and what has the same signatures."""

from typing import Any


def send(analytics: Any) -> None:
    """Make the calls."""
    analytics.identify("u-1", {"email": "ada@example.com"})
    analytics.track("u-1", "Order Completed", {"revenue": 19.99})
    analytics.page("u-1", "Docs", "Mug", {"url": "https://shop.example.com/"})
    analytics.screen("u-1", "Docs", "Basket")
    analytics.group("u-1", "g-1", {"name": "Initech"})
    analytics.alias("a-1", "u-1")
