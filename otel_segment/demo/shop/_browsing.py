"""Looking around: the catalogue, and the screen by the door."""

from flask import Blueprint, abort, render_template

from ._catalogue import CATEGORIES, PRODUCTS, find
from ._events import tell
from ._pages import argument, page, product_or_404

__all__ = ["browsing"]

browsing = Blueprint("browsing", __name__)

_SCREENS = ("Start", "Finder", "Opening hours")
_SERIAL = "KL-0007-4411"


@browsing.get("/")
def home() -> str:
    """Welcome."""
    return page("Things for a calm home", "home.html", products=list(PRODUCTS.values())[:4])


@browsing.get("/catalogue")
def catalogue() -> str:
    """Show all products, a category, or what a search finds."""
    query, category = argument("q"), argument("category")
    products = find(query, category)
    facts = {"products": products, "categories": CATEGORIES, "query": query, "category": category}
    answer = page(category or "Catalogue", "catalogue.html", **facts)
    if query:
        tell("articles.searched", {"words": query})
    else:
        listed = [product.facts() for product in products]
        tell("articles.listed", {"articles": listed, **({"department": category} if category else {})})
    return answer


@browsing.get("/products/<product_id>")
def product(product_id: str) -> str:
    """Show one product."""
    found = product_or_404(product_id)
    answer = page(found.name, "product.html", product=found)
    tell("article.opened", {"article": found.facts()})
    return answer


@browsing.get("/kiosk")
@browsing.get("/kiosk/<screen>")
def kiosk(screen: str = "Start") -> str:
    """Show a screen of the terminal by the shop's door."""
    if screen not in _SCREENS:
        abort(404)
    tell("kiosk.screen", {"kiosk.screen": screen, "kiosk.serial": _SERIAL})
    return render_template("kiosk.html", title=screen, screen=screen, screens=_SCREENS)


@browsing.get("/health")
def health() -> str:
    """Tell a load balancer that the shop is up; told like everything else, though it is nobody's visit."""
    tell("health check", {})
    return "up"
