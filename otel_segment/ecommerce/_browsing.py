"""Looking around: searches, lists of products, promotions."""

from collections.abc import Mapping, Sequence

from typing_extensions import Unpack

from otel_segment._ecommerce_spec import (
    PRODUCT_LIST_FILTERED,
    PRODUCT_LIST_VIEWED,
    PRODUCTS_SEARCHED,
    PROMOTION_CLICKED,
    PROMOTION_VIEWED,
)
from otel_segment.ecommerce._arguments import AnyCall
from otel_segment.ecommerce._event import track
from otel_segment.ecommerce._product import Choice, Products

__all__ = [
    "product_list_filtered",
    "product_list_viewed",
    "products_searched",
    "promotion_clicked",
    "promotion_viewed",
]


def products_searched(*, query: str | Mapping[str, object], **more: Unpack[AnyCall]) -> None:
    """Say that somebody searched for products."""
    track(PRODUCTS_SEARCHED, more, query=query)


def product_list_viewed(
    *,
    list_id: str | None = None,
    category: str | None = None,
    products: Products | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that somebody saw a list or a category of products."""
    track(PRODUCT_LIST_VIEWED, more, list_id=list_id, category=category, products=products)


def product_list_filtered(
    *,
    list_id: str | None = None,
    category: str | None = None,
    filters: Sequence[Choice] | None = None,
    sorts: Sequence[Choice] | None = None,
    products: Products | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that somebody narrowed or sorted a list of products."""
    track(
        PRODUCT_LIST_FILTERED,
        more,
        list_id=list_id,
        category=category,
        filters=filters,
        sorts=sorts,
        products=products,
    )


def promotion_viewed(
    *,
    promotion_id: str,
    creative: str | None = None,
    name: str | None = None,
    position: str | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that somebody saw a promotion inside the shop; its position is a place's name, as ``home_banner_top``."""
    track(PROMOTION_VIEWED, more, promotion_id=promotion_id, creative=creative, name=name, position=position)


def promotion_clicked(
    *,
    promotion_id: str,
    creative: str | None = None,
    name: str | None = None,
    position: str | None = None,
    **more: Unpack[AnyCall],
) -> None:
    """Say that somebody followed a promotion; the arguments are those of :func:`promotion_viewed`."""
    track(PROMOTION_CLICKED, more, promotion_id=promotion_id, creative=creative, name=name, position=position)
