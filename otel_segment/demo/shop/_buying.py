"""The basket and the order."""

import uuid

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from ._accounts import Account
from ._catalogue import CURRENCY
from ._events import tell, tell_on_span
from ._pages import page, product_or_404
from ._visitor import Visitor, current_visitor

__all__ = ["buying"]

buying = Blueprint("buying", __name__)

_SHIPPING_CENTS = 490


@buying.get("/basket")
def basket() -> str:
    """Show the basket."""
    answer = page("Basket", "Your basket", "basket.html")
    tell("track", "Cart Viewed", {"products": _contents(current_visitor())})
    return answer


@buying.post("/basket/add/<product_id>")
def add(product_id: str) -> Response:
    """Put one into the basket."""
    found = product_or_404(product_id)
    current_visitor().put(found, 1)
    tell("track", "Product Added", {**found.facts(), "currency": CURRENCY})
    return redirect(url_for("buying.basket"))


@buying.post("/basket/remove/<product_id>")
def remove(product_id: str) -> Response:
    """Take one out of the basket."""
    found = product_or_404(product_id)
    current_visitor().put(found, -1)
    tell("track", "Product Removed", {**found.facts(), "currency": CURRENCY})
    return redirect(url_for("buying.basket"))


@buying.get("/checkout")
def checkout() -> str | Response:
    """Show what an order would cost."""
    visitor = current_visitor()
    if not visitor.basket:
        return redirect(url_for("buying.basket"))
    if visitor.account is None:
        return redirect(url_for("joining.sign_up"))
    answer = page("Checkout", "Checkout", "checkout.html", shipping=_SHIPPING_CENTS)
    value = visitor.total_cents / 100
    tell("track", "Checkout Started", {"value": value, "currency": CURRENCY, "products": _contents(visitor)})
    return answer


@buying.post("/checkout")
def order() -> Response:
    """Order what is in the basket."""
    visitor = current_visitor()
    if not visitor.basket or visitor.account is None:
        return redirect(url_for("buying.basket"))
    order_id = f"o-{uuid.uuid4().hex[:10]}"
    method = request.form.get("shipping", "parcel")
    tell_on_span("Checkout Step Completed", {"checkout_id": order_id, "step": 1, "shipping_method": method})
    tell_on_span("Payment Info Entered", {"checkout_id": order_id, "payment_method": "invoice"})
    _complete(visitor, visitor.account, order_id)
    return redirect(url_for("buying.thanks", order_id=order_id))


@buying.get("/orders/<order_id>")
def thanks(order_id: str) -> str:
    """Say thank you."""
    return page("Order", "Thank you", "thanks.html", order_id=order_id)


def _complete(visitor: Visitor, account: Account, order_id: str) -> None:
    account.orders += 1
    facts = {
        "order_id": order_id,
        "checkout_id": order_id,
        "revenue": visitor.total_cents / 100,
        "shipping": _SHIPPING_CENTS / 100,
        "total": (visitor.total_cents + _SHIPPING_CENTS) / 100,
        "currency": CURRENCY,
        "products": _contents(visitor),
    }
    tell("track", "Order Completed", facts)
    for product, count in visitor.basket:
        visitor.put(product, -count)


def _contents(visitor: Visitor) -> list[dict[str, object]]:
    return [product.facts(count) for product, count in visitor.basket]
