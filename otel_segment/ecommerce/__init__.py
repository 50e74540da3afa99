"""Segment's e-commerce events: a call for each, with the specification's own names for events and properties.

::

    from otel_segment import analytics
    from otel_segment.ecommerce import Product

    analytics.ecommerce.order_completed(
        user_id="u-1042",
        order_id="o-7",
        revenue=42.5,
        currency="EUR",
        products=[Product(product_id="p-1", price=21.25, quantity=2)],
    )

Each call makes one ``analytics.track()``, whose arguments it takes besides, ``properties`` for more properties among
them. What is ``None`` is left out. Money and other numbers may be ``Decimal``: they leave as numbers, as ``float()``
makes them. What a property means is said in https://segment.com/docs/connections/spec/ecommerce/v2/.
"""

from otel_segment._ecommerce_spec import (
    CART_SHARED,
    CART_VIEWED,
    CHECKOUT_STARTED,
    CHECKOUT_STEP_COMPLETED,
    CHECKOUT_STEP_VIEWED,
    COUPON_APPLIED,
    COUPON_DENIED,
    COUPON_ENTERED,
    COUPON_REMOVED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    ORDER_UPDATED,
    PAYMENT_INFO_ENTERED,
    PRODUCT_ADDED,
    PRODUCT_ADDED_TO_WISHLIST,
    PRODUCT_CLICKED,
    PRODUCT_LIST_FILTERED,
    PRODUCT_LIST_VIEWED,
    PRODUCT_REMOVED,
    PRODUCT_REMOVED_FROM_WISHLIST,
    PRODUCT_REVIEWED,
    PRODUCT_SHARED,
    PRODUCT_VIEWED,
    PRODUCTS_SEARCHED,
    PROMOTION_CLICKED,
    PROMOTION_VIEWED,
    WISHLIST_PRODUCT_ADDED_TO_CART,
)
from otel_segment.ecommerce._browsing import (
    product_list_filtered,
    product_list_viewed,
    products_searched,
    promotion_clicked,
    promotion_viewed,
)
from otel_segment.ecommerce._cart import (
    cart_shared,
    cart_viewed,
    product_added,
    product_clicked,
    product_removed,
    product_reviewed,
    product_shared,
    product_viewed,
)
from otel_segment.ecommerce._checkout import (
    checkout_started,
    checkout_step_completed,
    checkout_step_viewed,
    payment_info_entered,
)
from otel_segment.ecommerce._coupons import coupon_applied, coupon_denied, coupon_entered, coupon_removed
from otel_segment.ecommerce._orders import order_cancelled, order_completed, order_refunded, order_updated
from otel_segment.ecommerce._product import Choice, Product
from otel_segment.ecommerce._wishlist import (
    product_added_to_wishlist,
    product_removed_from_wishlist,
    wishlist_product_added_to_cart,
)

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
    "ORDER_CANCELLED",
    "ORDER_COMPLETED",
    "ORDER_REFUNDED",
    "ORDER_UPDATED",
    "PAYMENT_INFO_ENTERED",
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
    "WISHLIST_PRODUCT_ADDED_TO_CART",
    "Choice",
    "Product",
    "cart_shared",
    "cart_viewed",
    "checkout_started",
    "checkout_step_completed",
    "checkout_step_viewed",
    "coupon_applied",
    "coupon_denied",
    "coupon_entered",
    "coupon_removed",
    "order_cancelled",
    "order_completed",
    "order_refunded",
    "order_updated",
    "payment_info_entered",
    "product_added",
    "product_added_to_wishlist",
    "product_clicked",
    "product_list_filtered",
    "product_list_viewed",
    "product_removed",
    "product_removed_from_wishlist",
    "product_reviewed",
    "product_shared",
    "product_viewed",
    "products_searched",
    "promotion_clicked",
    "promotion_viewed",
    "wishlist_product_added_to_cart",
]
