"""The arguments that many of the calls share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from otel_segment.ecommerce._product import Number, Products

if TYPE_CHECKING:
    from datetime import date

__all__ = ["AnyCall", "OrderCall", "ProductCall", "ShownProductCall"]


class AnyCall(TypedDict, total=False):
    """What ``analytics.track()`` takes."""

    properties: Mapping[str, object] | None
    """More properties; the call's own win."""
    user_id: object
    context: Mapping[str, object] | None
    timestamp: "date | str | None"
    anonymous_id: object
    integrations: Mapping[str, object] | None
    message_id: object


class ShownProductCall(AnyCall, total=False):
    """What may be said of the product that an event is about."""

    sku: str | None
    category: str | None
    name: str | None
    brand: str | None
    variant: str | None
    price: Number | None
    url: str | None
    image_url: str | None


class ProductCall(ShownProductCall, total=False):
    """What may be said of a product that can be bought here."""

    quantity: Number | None
    coupon: str | None
    position: Number | None


class OrderCall(AnyCall, total=False):
    """What may be said of an order."""

    affiliation: str | None
    revenue: Number | None
    shipping: Number | None
    tax: Number | None
    discount: Number | None
    coupon: str | None
    currency: str | None
    products: Products | None
