"""A FastAPI application that tells of nothing.

Under ``opentelemetry-instrument`` each page that a person views is a page call all the same. Here the requests to the
interface for programs are told of, too, and a visitor is known again by a cookie.
"""

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI()


@app.get("/", response_class=HTMLResponse)
async def front() -> str:
    """Show the front page."""
    return "<title>Shop</title><a href=/products/mug>Blue mug</a>"


@app.get("/products/{product}", response_class=HTMLResponse)
def product(product: str) -> str:  # noqa: ARG001
    """Show a product; whichever it is, the page has one name."""
    return "<title>Blue mug</title><h1>Blue mug</h1>"


@app.get("/api/stock/{product}")
async def stock(product: str) -> dict[str, str | int]:
    """Answer a program; this is no page."""
    return {"product": product, "pieces": 12}
