"""What becomes of an order.

The specification asks for all of the order's items as ``products`` in each of these.
"""

from typing_extensions import Unpack

from otel_segment._ecommerce_spec import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, ORDER_UPDATED
from otel_segment.ecommerce._arguments import AnyCall, OrderCall
from otel_segment.ecommerce._event import track
from otel_segment.ecommerce._product import Number, Products

__all__ = ["order_cancelled", "order_completed", "order_refunded", "order_updated"]


def order_updated(*, order_id: str, total: Number | None = None, **more: Unpack[OrderCall]) -> None:
    """Say that an order was changed."""
    track(ORDER_UPDATED, more, order_id=order_id, total=total)


def order_completed(
    *,
    order_id: str,
    checkout_id: str | None = None,
    subtotal: Number | None = None,
    total: Number | None = None,
    **more: Unpack[OrderCall],
) -> None:
    """Say that somebody bought something.

    Args:
        order_id: The order.
        checkout_id: The checkout that it came out of.
        subtotal: The total after discounts, before taxes and shipping.
        total: What was paid, with discounts, taxes and shipping.
        **more: ``revenue`` without shipping and tax, ``shipping``, ``tax``, ``discount``, ``coupon``, ``currency`` in
            three letters, the store as ``affiliation``, all items as ``products``; and what every call takes.
    """
    track(ORDER_COMPLETED, more, order_id=order_id, checkout_id=checkout_id, subtotal=subtotal, total=total)


def order_refunded(
    *,
    order_id: str,
    total: Number | None = None,
    currency: str | None = None,
    products: Products | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that an order was paid back."""
    track(ORDER_REFUNDED, more, order_id=order_id, total=total, currency=currency, products=products)


def order_cancelled(*, order_id: str, total: Number | None = None, **more: Unpack[OrderCall]) -> None:
    """Say that an order was called off."""
    track(ORDER_CANCELLED, more, order_id=order_id, total=total)
