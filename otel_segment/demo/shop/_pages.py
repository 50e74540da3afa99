"""What the pages have in common: how they are built, and what was typed on them."""

from flask import abort, render_template, request

from ._catalogue import PRODUCTS, Product

__all__ = ["argument", "field", "page", "product_or_404"]

_LONGEST_TEXT = 80


def page(title: str, template: str, **facts: object) -> str:
    """Build a page. That it is seen is told by whoever instruments the framework."""
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
