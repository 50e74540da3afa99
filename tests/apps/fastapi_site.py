"""A site made with FastAPI: routers in routers, applications in applications, and a middleware that is a function."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from opentelemetry import trace

shelves = APIRouter(prefix="/shelves")
books = APIRouter(prefix="/books", default_response_class=HTMLResponse)


@books.get("/{book}")
async def show_book(book: int) -> str:
    """Show a book."""
    return f"<title>Book {book}</title>"


@shelves.get("/{shelf}", response_class=HTMLResponse)
def show_shelf(shelf: str) -> str:
    """Show a shelf, from a pool of threads."""
    return f"<title>Shelf {shelf}</title>"


shelves.include_router(books, prefix="/{shelf}")

cellar = FastAPI()
archive = FastAPI()
archive.mount("/cellar", cellar)
stacks = APIRouter()


@stacks.get("/boxes/{box}", response_class=HTMLResponse)
async def show_box(box: str) -> str:
    """Show a box in the cellar."""
    return f"<title>Box {box}</title>"


cellar.include_router(stacks, prefix="/stacks")

app = FastAPI()
app.include_router(shelves, prefix="/library")
app.mount("/archive", archive)


@app.middleware("http")
async def say_who(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Add a header."""
    response = await call_next(request)
    response.headers["x-site"] = "library"
    return response


def reader(request: Request) -> str:
    """Return who reads."""
    return request.headers.get("x-user", "nobody")


@app.get("/me", response_class=HTMLResponse)
async def me(background: BackgroundTasks, name: str = Depends(reader)) -> str:  # noqa: FAST002 - as old versions want it
    """Greet, and leave work for later."""
    background.add_task(len, name)
    return f"<title>Hello {name}</title>"


@app.get("/api/books/{book}")
async def book_data(book: int) -> dict[str, Any]:
    """Return what is known of a book."""
    if not book:
        raise HTTPException(404)
    return {"book": book}


@app.get("/traced", response_class=HTMLResponse)
async def traced() -> str:
    """Answer with the trace that this page has."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}"


@app.get("/boom")
async def boom() -> None:
    """Fail."""
    raise LookupError


@app.get("/last", response_class=HTMLResponse)
async def last() -> str:
    """Answer with a page without a title."""
    return ""
