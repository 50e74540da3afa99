"""What the shop sells."""

from dataclasses import dataclass
from typing import Any, Final

__all__ = ["CATEGORIES", "CURRENCY", "PRODUCTS", "Product", "find"]

CURRENCY: Final = "EUR"


@dataclass(frozen=True, slots=True)
class Product:
    """One thing to buy; prices in cents."""

    id: str
    name: str
    category: str
    cents: int
    text: str
    hue: int

    def facts(self, quantity: int = 1) -> dict[str, Any]:
        """Describe an article as the shop does: the price is a text, as money is not to be rounded."""
        return {
            "id": self.id,
            "label": self.name,
            "department": self.category,
            "price": f"{self.cents / 100:.2f}",
            "pieces": quantity,
        }


_ALL = (
    Product("mug", "Blue mug", "Kitchen", 1_450, "Stoneware with a deep blue glaze; holds a generous coffee.", 212),
    Product("bowl", "Ramen bowl", "Kitchen", 1_990, "Wide, heavy and fit for the dishwasher.", 18),
    Product("teapot", "Teapot", "Kitchen", 4_200, "Pours without a drop on the table.", 160),
    Product("plate", "Dinner plate", "Kitchen", 1_650, "Speckled white, 27 centimetres across.", 44),
    Product("throw", "Wool throw", "Living", 8_900, "Woven from undyed wool, warm without weight.", 30),
    Product("cushion", "Linen cushion", "Living", 3_450, "Stone-washed linen in forest green.", 140),
    Product("lamp", "Paper lamp", "Living", 6_750, "Soft light for the corner by the window.", 52),
    Product("vase", "Tall vase", "Living", 5_300, "For one branch or many.", 280),
    Product("notebook", "Dotted notebook", "Desk", 1_290, "Lies flat, 160 pages, paper that takes ink.", 340),
    Product("pen", "Brass pen", "Desk", 3_900, "Ages well; takes common refills.", 38),
    Product("tray", "Desk tray", "Desk", 2_750, "Oak, for what is always in the way.", 24),
    Product("clock", "Quiet clock", "Desk", 4_600, "Does not tick.", 196),
)

PRODUCTS: Final = {product.id: product for product in _ALL}
CATEGORIES: Final = tuple(dict.fromkeys(product.category for product in _ALL))


def find(query: str = "", category: str = "") -> list[Product]:
    """Give the products of a category whose name or description has the query in it."""
    wanted = query.casefold()
    return [
        product
        for product in _ALL
        if category in {"", product.category} and wanted in f"{product.name} {product.text}".casefold()
    ]
