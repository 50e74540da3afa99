"""The event that every contender emits: a finished order, some 390 bytes as a Segment call in compact JSON.

It imports next to nothing, so that it costs a cold start nothing.
"""

from typing import Any

EVENT = "Order Completed"

_SHOWN = 64


def _order(number: int) -> dict[str, Any]:
    return {
        "order_id": f"ord-{500_000 + number}",
        "total": 80.5 + number,
        "tax": 7.25,
        "currency": "EUR",
        "coupon": "SPRING",
        "returning": number % 2 == 0,
        "payment": "card",
        "products": [
            {"sku": f"G-{number}", "price": 18.99, "quantity": 1},
            {"sku": "M-17", "price": 12.5, "quantity": 2},
        ],
    }


def _flat(number: int) -> dict[str, Any]:
    order = _order(number)
    products = order.pop("products")
    return order | {"skus": ",".join(product["sku"] for product in products)}


SHAPES = {
    shape: [(f"user-{70_000 + number}", properties(number)) for number in range(_SHOWN)]
    for shape, properties in {"order": _order, "flat": _flat}.items()
}
"""Who did it and with what, made once so that no contender is charged for making them.

``flat`` is the event of the targets. ``order`` has a list of maps, which the SDK checks value by value and at
length before any processor sees the record: it shows how much of a figure is that.
"""

SAMPLES = SHAPES["flat"]
