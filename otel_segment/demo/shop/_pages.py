"""What the pages have in common: telling that they were seen, and reading what was typed."""

from flask import abort, render_template, request

from ._catalogue import PRODUCTS, Product
from ._events import tell

__all__ = ["argument", "field", "page", "product_or_404"]

_LONGEST_TEXT = 80


def page(name: str, title: str, template: str, **facts: object) -> str:
    """Tell that a page is seen, and build it."""
    tell("page.seen", {"page.name": name, "page.title": title})
    return render_template(template, title=title, **facts)


def product_or_404(product_id: str) -> Product:
    """Give a product, or answer that there is none."""
    return PRODUCTS.get(product_id) or abort(404)


def argument(name: str) -> str:
    """Read a parameter of the query."""
    return request.args.get(name, "").strip()[:_LONGEST_TEXT]


def field(name: str) -> str:
    """Read a field of a form."""
    return request.form.get(name, "").strip()[:_LONGEST_TEXT]
