"""The basket and the order."""

import uuid

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from ._events import tell, tell_on_span
from ._pages import field, page, product_or_404
from ._visitor import Visitor, current_visitor

__all__ = ["buying"]

buying = Blueprint("buying", __name__)

_SHIPPING_CENTS = 490


@buying.get("/basket")
def basket() -> str:
    """Show the basket."""
    answer = page("Your basket", "basket.html")
    tell("cart.opened", {"articles": _contents(current_visitor())})
    return answer


@buying.post("/basket/add/<product_id>")
def add(product_id: str) -> Response:
    """Put one into the basket."""
    found = product_or_404(product_id)
    current_visitor().put(found, 1)
    tell("cart.article.in", {"article": found.facts()})
    return redirect(url_for("buying.basket"))


@buying.post("/basket/remove/<product_id>")
def remove(product_id: str) -> Response:
    """Take one out of the basket."""
    found = product_or_404(product_id)
    current_visitor().put(found, -1)
    tell("cart.article.out", {"article": found.facts()})
    return redirect(url_for("buying.basket"))


@buying.get("/checkout")
def checkout() -> str | Response:
    """Show what an order would cost."""
    visitor = current_visitor()
    if not visitor.basket:
        return redirect(url_for("buying.basket"))
    if visitor.account is None:
        return redirect(url_for("joining.sign_up"))
    answer = page("Checkout", "checkout.html", shipping=_SHIPPING_CENTS)
    tell("cart.checkout.begun", {"order.goods": visitor.total_cents / 100, "articles": _contents(visitor)})
    return answer


@buying.post("/checkout")
def order() -> Response:
    """Order what is in the basket."""
    visitor = current_visitor()
    if not visitor.basket or visitor.account is None:
        return redirect(url_for("buying.basket"))
    order_id = f"o-{uuid.uuid4().hex[:10]}"
    tell_on_span("delivery.chosen", {"order.id": order_id, "delivery.by": request.form.get("shipping", "parcel")})
    tell_on_span(
        "Payment Info Entered",
        {
            "analytics.type": "track",
            "analytics.properties.checkout_id": order_id,
            "analytics.properties.payment_method": "invoice",
        },
    )
    _complete(visitor, order_id)
    return redirect(url_for("buying.thanks", order_id=order_id))


@buying.get("/orders/<order_id>")
def thanks(order_id: str) -> str:
    """Say thank you."""
    return page("Thank you", "thanks.html", order_id=order_id)


def _complete(visitor: Visitor, order_id: str) -> None:
    facts = {
        "order.id": order_id,
        "order.goods": visitor.total_cents / 100,
        "order.delivery": _SHIPPING_CENTS / 100,
        "order.sum": (visitor.total_cents + _SHIPPING_CENTS) / 100,
        "order.note": field("note"),
        "articles": _contents(visitor),
    }
    tell("cart.checkout.done", facts | ({"order.partner": visitor.partner} if visitor.partner else {}))
    for product, count in visitor.basket:
        visitor.put(product, -count)


def _contents(visitor: Visitor) -> list[dict[str, object]]:
    return [product.facts(count) for product, count in visitor.basket]
