"""Coupons, on a cart or on an order."""

from typing_extensions import Unpack

from otel_segment._ecommerce_spec import COUPON_APPLIED, COUPON_DENIED, COUPON_ENTERED, COUPON_REMOVED
from otel_segment.ecommerce._arguments import AnyCall
from otel_segment.ecommerce._event import track
from otel_segment.ecommerce._product import Number

__all__ = ["coupon_applied", "coupon_denied", "coupon_entered", "coupon_removed"]


def coupon_entered(
    *, coupon_id: str, order_id: str | None = None, cart_id: str | None = None, **more: Unpack[AnyCall]
) -> None:
    """Say that somebody entered a coupon."""
    track(COUPON_ENTERED, more, coupon_id=coupon_id, order_id=order_id, cart_id=cart_id)


def coupon_applied(
    *,
    coupon_id: str,
    order_id: str | None = None,
    cart_id: str | None = None,
    coupon_name: str | None = None,
    discount: Number | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that a coupon was taken; ``discount`` is what it saves, in money."""
    track(
        COUPON_APPLIED,
        more,
        coupon_id=coupon_id,
        order_id=order_id,
        cart_id=cart_id,
        coupon_name=coupon_name,
        discount=discount,
    )


def coupon_denied(
    *,
    coupon_id: str,
    order_id: str | None = None,
    cart_id: str | None = None,
    coupon_name: str | None = None,
    reason: str | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that a coupon was not taken, and why."""
    track(
        COUPON_DENIED,
        more,
        coupon_id=coupon_id,
        order_id=order_id,
        cart_id=cart_id,
        coupon_name=coupon_name,
        reason=reason,
    )


def coupon_removed(
    *,
    coupon_id: str,
    order_id: str | None = None,
    cart_id: str | None = None,
    coupon_name: str | None = None,
    discount: Number | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that a coupon was taken back; the arguments are those of :func:`coupon_applied`."""
    track(
        COUPON_REMOVED,
        more,
        coupon_id=coupon_id,
        order_id=order_id,
        cart_id=cart_id,
        coupon_name=coupon_name,
        discount=discount,
    )
