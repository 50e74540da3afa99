"""Segment's e-commerce specification, second version, as data: its events, their properties, what they cannot lack.

Taken from https://segment.com/docs/connections/spec/ecommerce/v2/. The specification marks few properties as optional
and none as required. Required here is what an event says nothing without: the id of the order that was completed, of
the coupon that was applied, of the product that was viewed; and the products, where it asks for all items of the cart.
"""

from enum import Enum
from typing import Final, NamedTuple

__all__ = [
    "CART_SHARED",
    "CART_VIEWED",
    "CHECKOUT_STARTED",
    "CHECKOUT_STEP_COMPLETED",
    "CHECKOUT_STEP_VIEWED",
    "COUPON_APPLIED",
    "COUPON_DENIED",
    "COUPON_ENTERED",
    "COUPON_REMOVED",
    "EVENTS",
    "OLD_NAMES",
    "ORDER_CANCELLED",
    "ORDER_COMPLETED",
    "ORDER_REFUNDED",
    "ORDER_UPDATED",
    "PAYMENT_INFO_ENTERED",
    "PRODUCT",
    "PRODUCTS_SEARCHED",
    "PRODUCT_ADDED",
    "PRODUCT_ADDED_TO_WISHLIST",
    "PRODUCT_CLICKED",
    "PRODUCT_LIST_FILTERED",
    "PRODUCT_LIST_VIEWED",
    "PRODUCT_REMOVED",
    "PRODUCT_REMOVED_FROM_WISHLIST",
    "PRODUCT_REVIEWED",
    "PRODUCT_SHARED",
    "PRODUCT_VIEWED",
    "PROMOTION_CLICKED",
    "PROMOTION_VIEWED",
    "STAND_INS",
    "WISHLIST_PRODUCT_ADDED_TO_CART",
    "Event",
    "Kind",
]

# Browsing and promotions.
PRODUCTS_SEARCHED: Final = "Products Searched"
PRODUCT_LIST_VIEWED: Final = "Product List Viewed"
PRODUCT_LIST_FILTERED: Final = "Product List Filtered"
PROMOTION_VIEWED: Final = "Promotion Viewed"
PROMOTION_CLICKED: Final = "Promotion Clicked"

# Ordering.
PRODUCT_CLICKED: Final = "Product Clicked"
PRODUCT_VIEWED: Final = "Product Viewed"
PRODUCT_ADDED: Final = "Product Added"
PRODUCT_REMOVED: Final = "Product Removed"
CART_VIEWED: Final = "Cart Viewed"
CHECKOUT_STARTED: Final = "Checkout Started"
CHECKOUT_STEP_VIEWED: Final = "Checkout Step Viewed"
CHECKOUT_STEP_COMPLETED: Final = "Checkout Step Completed"
PAYMENT_INFO_ENTERED: Final = "Payment Info Entered"
ORDER_UPDATED: Final = "Order Updated"
ORDER_COMPLETED: Final = "Order Completed"
ORDER_REFUNDED: Final = "Order Refunded"
ORDER_CANCELLED: Final = "Order Cancelled"

# Coupons, wish lists, sharing and reviewing.
COUPON_ENTERED: Final = "Coupon Entered"
COUPON_APPLIED: Final = "Coupon Applied"
COUPON_DENIED: Final = "Coupon Denied"
COUPON_REMOVED: Final = "Coupon Removed"
PRODUCT_ADDED_TO_WISHLIST: Final = "Product Added to Wishlist"
PRODUCT_REMOVED_FROM_WISHLIST: Final = "Product Removed from Wishlist"
WISHLIST_PRODUCT_ADDED_TO_CART: Final = "Wishlist Product Added to Cart"
PRODUCT_SHARED: Final = "Product Shared"
CART_SHARED: Final = "Cart Shared"
PRODUCT_REVIEWED: Final = "Product Reviewed"


class Kind(str, Enum):
    """What a property may be; the value says it to people."""

    TEXT = "a text"
    NUMBER = "a number"
    CURRENCY = "a text of three letters"
    QUERY = "a text or a map"
    CHOICES = "a list of maps with type and value"
    PRODUCTS = "a list of products"


class Event(NamedTuple):
    """What the specification says of an event."""

    properties: dict[str, Kind]
    required: tuple[str, ...] = ()
    """What a call must give."""
    wants_all_items: bool = False
    """Whether ``products`` should hold every item of the cart or order."""


def _texts(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, Kind.TEXT)


def _numbers(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, Kind.NUMBER)


_SHOWN = {
    **_texts("product_id", "sku", "category", "name", "brand", "variant", "url", "image_url"),
    **_numbers("price"),
}

PRODUCT: Final = {**_SHOWN, **_numbers("quantity", "position"), **_texts("coupon")}
"""The properties of a product, on its own or in a list."""

STAND_INS: Final = {"product_id": "sku"}
"""What serves where a required property is missing: the two may be the same, so the specification says."""

_ID = ("product_id",)
_PRODUCTS = {"products": Kind.PRODUCTS}
_PROMOTION = Event(_texts("promotion_id", "creative", "name", "position"), ("promotion_id",))
_STEP = Event(
    {**_texts("checkout_id", "shipping_method", "payment_method"), **_numbers("step")}, ("checkout_id", "step")
)
_LIST = {**_texts("list_id", "category"), **_PRODUCTS}
_IN_CART = Event({**_texts("cart_id"), **PRODUCT}, _ID)
_IN_WISHLIST = Event({**_texts("wishlist_id", "wishlist_name"), **PRODUCT}, _ID)
_ORDER = {
    **_texts("order_id", "affiliation", "coupon"),
    **_numbers("revenue", "shipping", "tax", "discount"),
    "currency": Kind.CURRENCY,
    **_PRODUCTS,
}
_CHANGED_ORDER = Event({**_ORDER, **_numbers("total")}, ("order_id",), wants_all_items=True)
_COUPON = _texts("order_id", "cart_id", "coupon_id")
_NAMED_COUPON = Event({**_COUPON, **_texts("coupon_name"), **_numbers("discount")}, ("coupon_id",))
_SHARE = _texts("share_via", "share_message", "recipient")

EVENTS: Final = {
    PRODUCTS_SEARCHED: Event({"query": Kind.QUERY}, ("query",)),
    PRODUCT_LIST_VIEWED: Event(_LIST),
    PRODUCT_LIST_FILTERED: Event({**_LIST, "filters": Kind.CHOICES, "sorts": Kind.CHOICES}),
    PROMOTION_VIEWED: _PROMOTION,
    PROMOTION_CLICKED: _PROMOTION,
    PRODUCT_CLICKED: Event(PRODUCT, _ID),
    PRODUCT_VIEWED: Event({**PRODUCT, "currency": Kind.CURRENCY, **_numbers("value")}, _ID),
    PRODUCT_ADDED: _IN_CART,
    PRODUCT_REMOVED: _IN_CART,
    CART_VIEWED: Event({**_texts("cart_id"), **_PRODUCTS}),
    CHECKOUT_STARTED: Event({**_ORDER, **_numbers("value")}, wants_all_items=True),
    CHECKOUT_STEP_VIEWED: _STEP,
    CHECKOUT_STEP_COMPLETED: _STEP,
    PAYMENT_INFO_ENTERED: Event({**_STEP.properties, **_texts("order_id")}, ("checkout_id",)),
    ORDER_UPDATED: _CHANGED_ORDER,
    ORDER_COMPLETED: Event(
        {**_ORDER, **_texts("checkout_id"), **_numbers("subtotal", "total")}, ("order_id",), wants_all_items=True
    ),
    # Its table has the id alone; the text asks for all items, and the example has these.
    ORDER_REFUNDED: Event(
        {**_texts("order_id"), **_numbers("total"), "currency": Kind.CURRENCY, **_PRODUCTS},
        ("order_id",),
        wants_all_items=True,
    ),
    ORDER_CANCELLED: _CHANGED_ORDER,
    COUPON_ENTERED: Event(_COUPON, ("coupon_id",)),
    COUPON_APPLIED: _NAMED_COUPON,
    COUPON_DENIED: Event({**_COUPON, **_texts("coupon_name", "reason")}, ("coupon_id",)),
    COUPON_REMOVED: _NAMED_COUPON,
    PRODUCT_ADDED_TO_WISHLIST: _IN_WISHLIST,
    PRODUCT_REMOVED_FROM_WISHLIST: _IN_WISHLIST,
    WISHLIST_PRODUCT_ADDED_TO_CART: Event({**_texts("cart_id"), **_IN_WISHLIST.properties}, _ID),
    PRODUCT_SHARED: Event({**_SHARE, **_SHOWN}, _ID),
    CART_SHARED: Event({**_SHARE, **_texts("cart_id"), **_PRODUCTS}),
    PRODUCT_REVIEWED: Event(_texts("product_id", "review_id", "review_body", "rating"), _ID),
}
"""Every event of the specification."""

OLD_NAMES: Final = {
    "Viewed Product Category": PRODUCT_LIST_VIEWED,
    "Viewed Product Details": PRODUCT_VIEWED,
    "Started Order": CHECKOUT_STARTED,
    "Order Started": CHECKOUT_STARTED,
    "Canceled Order": ORDER_CANCELLED,
    "Order Canceled": ORDER_CANCELLED,
}
"""Names from before the second version, and common slips, that are more than the same words in another order."""
