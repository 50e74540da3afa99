"""Products one at a time, and the cart that they go into."""

from typing_extensions import Unpack

from otel_segment._ecommerce_spec import (
    CART_SHARED,
    CART_VIEWED,
    PRODUCT_ADDED,
    PRODUCT_CLICKED,
    PRODUCT_REMOVED,
    PRODUCT_REVIEWED,
    PRODUCT_SHARED,
    PRODUCT_VIEWED,
)
from otel_segment.ecommerce._arguments import AnyCall, ProductCall, ShownProductCall
from otel_segment.ecommerce._event import track
from otel_segment.ecommerce._product import Number, Products

__all__ = [
    "cart_shared",
    "cart_viewed",
    "product_added",
    "product_clicked",
    "product_removed",
    "product_reviewed",
    "product_shared",
    "product_viewed",
]


def product_clicked(*, product_id: str, **more: Unpack[ProductCall]) -> None:
    """Say that somebody chose a product to look at."""
    track(PRODUCT_CLICKED, more, product_id=product_id)


def product_viewed(
    *,
    product_id: str,
    currency: str | None = None,
    value: Number | None = None,
    **more: Unpack[ProductCall],
) -> None:
    """Say that somebody saw the details of a product; ``value`` is its price times its quantity."""
    track(PRODUCT_VIEWED, more, product_id=product_id, currency=currency, value=value)


def product_added(*, product_id: str, cart_id: str | None = None, **more: Unpack[ProductCall]) -> None:
    """Say that somebody put a product into the cart."""
    track(PRODUCT_ADDED, more, product_id=product_id, cart_id=cart_id)


def product_removed(*, product_id: str, cart_id: str | None = None, **more: Unpack[ProductCall]) -> None:
    """Say that somebody took a product out of the cart."""
    track(PRODUCT_REMOVED, more, product_id=product_id, cart_id=cart_id)


def product_shared(
    *,
    product_id: str,
    share_via: str | None = None,
    share_message: str | None = None,
    recipient: str | None = None,
    **more: Unpack[ShownProductCall],
) -> None:
    """Say that somebody showed a product to others."""
    track(
        PRODUCT_SHARED,
        more,
        product_id=product_id,
        share_via=share_via,
        share_message=share_message,
        recipient=recipient,
    )


def product_reviewed(
    *,
    product_id: str,
    review_id: str | None = None,
    review_body: str | None = None,
    rating: str | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that somebody reviewed a product; the rating is a text, as ``"5"``."""
    track(
        PRODUCT_REVIEWED,
        more,
        product_id=product_id,
        review_id=review_id,
        review_body=review_body,
        rating=rating,
    )


def cart_viewed(*, cart_id: str | None = None, products: Products | None = None, **more: Unpack[AnyCall]) -> None:
    """Say that somebody saw what is in the cart."""
    track(CART_VIEWED, more, cart_id=cart_id, products=products)


def cart_shared(
    *,
    share_via: str | None = None,
    share_message: str | None = None,
    recipient: str | None = None,
    cart_id: str | None = None,
    products: Products | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that somebody showed the cart to others."""
    track(
        CART_SHARED,
        more,
        share_via=share_via,
        share_message=share_message,
        recipient=recipient,
        cart_id=cart_id,
        products=products,
    )
