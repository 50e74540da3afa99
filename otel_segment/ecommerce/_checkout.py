"""On the way from the cart to the order."""

from typing_extensions import Unpack

from otel_segment._ecommerce_spec import (
    CHECKOUT_STARTED,
    CHECKOUT_STEP_COMPLETED,
    CHECKOUT_STEP_VIEWED,
    PAYMENT_INFO_ENTERED,
)
from otel_segment.ecommerce._arguments import AnyCall, OrderCall
from otel_segment.ecommerce._event import track
from otel_segment.ecommerce._product import Number

__all__ = ["checkout_started", "checkout_step_completed", "checkout_step_viewed", "payment_info_entered"]


def checkout_started(*, order_id: str | None = None, value: Number | None = None, **more: Unpack[OrderCall]) -> None:
    """Say that somebody began to order; ``products`` are all items of the cart, ``value`` is what is to be paid."""
    track(CHECKOUT_STARTED, more, order_id=order_id, value=value)


def checkout_step_viewed(
    *,
    checkout_id: str,
    step: Number,
    shipping_method: str | None = None,
    payment_method: str | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that somebody saw a step of the checkout; the steps are numbered."""
    track(
        CHECKOUT_STEP_VIEWED,
        more,
        checkout_id=checkout_id,
        step=step,
        shipping_method=shipping_method,
        payment_method=payment_method,
    )


def checkout_step_completed(
    *,
    checkout_id: str,
    step: Number,
    shipping_method: str | None = None,
    payment_method: str | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that somebody finished a step; the arguments are those of :func:`checkout_step_viewed`."""
    track(
        CHECKOUT_STEP_COMPLETED,
        more,
        checkout_id=checkout_id,
        step=step,
        shipping_method=shipping_method,
        payment_method=payment_method,
    )


def payment_info_entered(
    *,
    checkout_id: str,
    order_id: str | None = None,
    step: Number | None = None,
    shipping_method: str | None = None,
    payment_method: str | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that somebody entered how to pay."""
    track(
        PAYMENT_INFO_ENTERED,
        more,
        checkout_id=checkout_id,
        order_id=order_id,
        step=step,
        shipping_method=shipping_method,
        payment_method=payment_method,
    )
