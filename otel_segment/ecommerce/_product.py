"""A product, and numbers, as the values of properties."""

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["Choice", "Number", "Product", "Products", "number", "product_list"]

Number: TypeAlias = Union[float, "Decimal"]
"""A number, of money or of things."""

# Each takes two bytes at least, so that what goes beyond is beyond what Segment accepts, too.
_MOST_PRODUCTS = 20_000


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product in a list of products. What is ``None`` is left out.

    Attributes:
        product_id: Its id in the application's database.
        sku: Its id for the public.
        category: Its category.
        name: Its name.
        brand: Its brand.
        variant: Which of its variants, as ``Black``.
        price: What one of it costs.
        quantity: How many of it.
        coupon: The code of a coupon for it.
        position: Its place in the list.
        url: The address of its page.
        image_url: The address of its picture.
        properties: Whatever else is to be said of it; the fields above win.
    """

    product_id: str
    sku: str | None = None
    category: str | None = None
    name: str | None = None
    brand: str | None = None
    variant: str | None = None
    price: Number | None = None
    quantity: Number | None = None
    coupon: str | None = None
    position: Number | None = None
    url: str | None = None
    image_url: str | None = None
    properties: Mapping[str, object] | None = None


class Choice(TypedDict):
    """A filter or an order of sorting that a visitor chose."""

    type: str
    """What is filtered or sorted by, as ``price``."""
    value: str
    """What was chosen of it, as ``under-25`` or ``desc``."""


Products: TypeAlias = Iterable[Product | Mapping[str, object]]
"""Products, each as :class:`Product` or as a map of the same names."""


def product_list(products: object) -> object:
    """Products as a list of maps; what is no such thing is returned as it is."""
    if not isinstance(products, Iterable) or isinstance(products, (str, bytes, Mapping)):
        return products
    found: list[object] = []
    # What a foreign iterable gave until it failed is kept.
    with suppress(Exception):
        found.extend(islice(map(_product, products), _MOST_PRODUCTS))
    return found


def number(value: Any) -> object:
    """A ``Decimal`` as the float that is nearest; anything else is returned as it is."""
    # Whoever has one has the module, which is dear to import.
    module = sys.modules.get("decimal")
    if module is not None and isinstance(value, module.Decimal):
        # A signalling NaN is no float; it is made a text later on, like everything strange.
        with suppress(ValueError):
            return float(value)
    return value


def _product(product: object) -> object:
    if isinstance(product, Product):
        fields = {name: value for name, value in vars(product).items() if value is not None}
        more = fields.pop("properties", None)
        product = {**more, **fields} if isinstance(more, Mapping) else fields
    elif not isinstance(product, Mapping):
        return product
    return {name: number(value) for name, value in product.items()}
