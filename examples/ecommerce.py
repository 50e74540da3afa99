"""A visit to a shop, from the search to the order and its refund, in Segment's e-commerce events.

Each event of the specification is a call, and each of its properties an argument, so that editor and type checker know
them: a mistyped ``revenu`` or a price in quotes is found before the program runs.
"""

from decimal import Decimal

from otel_segment import analytics, use_visitor
from otel_segment.ecommerce import Product

shop = analytics.ecommerce

kettle = Product(product_id="p-1", sku="KT-12", name="Kettle", category="Kitchen", price=Decimal("39.90"), quantity=1)
# What the specification has no property for goes along all the same.
mugs = Product(product_id="p-2", name="Mug", price=Decimal("4.50"), quantity=2, properties={"glaze": "blue"})

with use_visitor(anonymous_id="anonymous-77"):
    shop.products_searched(query="kettle")
    shop.product_list_viewed(list_id="search", products=[kettle, mugs])
    shop.product_viewed(product_id="p-1", name="Kettle", price=Decimal("39.90"), currency="EUR")
    shop.product_added(product_id="p-1", cart_id="c-3", price=Decimal("39.90"), quantity=1)
    shop.coupon_applied(coupon_id="WELCOME", cart_id="c-3", discount=5)

with use_visitor(user_id="u-1042", anonymous_id="anonymous-77"):
    shop.checkout_started(value=Decimal("43.90"), currency="EUR", products=[kettle, mugs])
    shop.checkout_step_completed(checkout_id="ch-9", step=1, shipping_method="DHL")
    shop.order_completed(
        order_id="o-7",
        checkout_id="ch-9",
        revenue=Decimal("43.90"),
        shipping=Decimal("4.90"),
        discount=5,
        coupon="WELCOME",
        currency="EUR",
        products=[kettle, mugs],
        properties={"gift": True},
    )

# Weeks later, in another program: who it is about is an argument, as in ``analytics.track()``. A plain map will do.
shop.order_refunded(order_id="o-7", products=[{"product_id": "p-2", "quantity": 2}], user_id="u-1042")

print("all settled:", analytics.flush(timeout=10))
