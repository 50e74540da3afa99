"""Wish lists."""

from typing_extensions import Unpack

from otel_segment._ecommerce_spec import (
    PRODUCT_ADDED_TO_WISHLIST,
    PRODUCT_REMOVED_FROM_WISHLIST,
    WISHLIST_PRODUCT_ADDED_TO_CART,
)
from otel_segment.ecommerce._arguments import ProductCall
from otel_segment.ecommerce._event import track

__all__ = ["product_added_to_wishlist", "product_removed_from_wishlist", "wishlist_product_added_to_cart"]


def product_added_to_wishlist(
    *,
    product_id: str,
    wishlist_id: str | None = None,
    wishlist_name: str | None = None,
    **more: Unpack[ProductCall],
) -> None:
    """Say that somebody put a product on a wish list."""
    track(PRODUCT_ADDED_TO_WISHLIST, more, product_id=product_id, wishlist_id=wishlist_id, wishlist_name=wishlist_name)


def product_removed_from_wishlist(
    *,
    product_id: str,
    wishlist_id: str | None = None,
    wishlist_name: str | None = None,
    **more: Unpack[ProductCall],
) -> None:
    """Say that somebody took a product off a wish list."""
    track(
        PRODUCT_REMOVED_FROM_WISHLIST,
        more,
        product_id=product_id,
        wishlist_id=wishlist_id,
        wishlist_name=wishlist_name,
    )


def wishlist_product_added_to_cart(
    *,
    product_id: str,
    wishlist_id: str | None = None,
    wishlist_name: str | None = None,
    cart_id: str | None = None,
    **more: Unpack[ProductCall],
) -> None:
    """Say that somebody put a product of a wish list into the cart."""
    track(
        WISHLIST_PRODUCT_ADDED_TO_CART,
        more,
        product_id=product_id,
        wishlist_id=wishlist_id,
        wishlist_name=wishlist_name,
        cart_id=cart_id,
    )
