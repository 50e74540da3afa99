"""Looking around: the catalogue, and the screen by the door."""

from flask import Blueprint, abort, render_template

from ._catalogue import CATEGORIES, CURRENCY, PRODUCTS, find
from ._events import tell
from ._pages import argument, page, product_or_404

__all__ = ["browsing"]

browsing = Blueprint("browsing", __name__)

_SCREENS = ("Start", "Finder", "Opening hours")


@browsing.get("/")
def home() -> str:
    """Welcome."""
    return page("Home", "Things for a calm home", "home.html", products=list(PRODUCTS.values())[:4])


@browsing.get("/catalogue")
def catalogue() -> str:
    """Show all products, a category, or what a search finds."""
    query, category = argument("q"), argument("category")
    products = find(query, category)
    facts = {"products": products, "categories": CATEGORIES, "query": query, "category": category}
    answer = page("Catalogue", category or "Catalogue", "catalogue.html", **facts)
    if query:
        tell("track", "Products Searched", {"query": query})
    else:
        listed = [product.facts() for product in products]
        tell("track", "Product List Viewed", {"list_id": category or "all", "products": listed})
    return answer


@browsing.get("/products/<product_id>")
def product(product_id: str) -> str:
    """Show one product."""
    found = product_or_404(product_id)
    answer = page("Product", found.name, "product.html", product=found)
    tell("track", "Product Viewed", {**found.facts(), "currency": CURRENCY})
    return answer


@browsing.get("/kiosk")
@browsing.get("/kiosk/<screen>")
def kiosk(screen: str = "Start") -> str:
    """Show a screen of the terminal by the shop's door."""
    if screen not in _SCREENS:
        abort(404)
    tell("screen", "screen_view", {"app.screen.name": screen, "analytics.category": "Kiosk"})
    return render_template("kiosk.html", title=screen, screen=screen, screens=_SCREENS)
