"""A Flask application that tells of nothing.

Under ``opentelemetry-instrument`` each page that a person views is a page call all the same. Who is signed in, the
instrumentation is told to ask ``signed_in``, by a variable of the environment.
"""

import secrets

from flask import Flask, Request, Response, redirect, session

app = Flask(__name__)
app.secret_key = secrets.token_bytes()


@app.get("/")
def front() -> str:
    """Show the front page."""
    return "<title>Shop</title><a href=/products/mug>Blue mug</a><form action=/login/u-1042 method=post><button>Sign in"


@app.get("/products/<product>")
def product(product: str) -> str:  # noqa: ARG001
    """Show a product; whichever it is, the page has one name."""
    return "<title>Blue mug</title><h1>Blue mug</h1>"


@app.get("/stock")
def stock() -> dict[str, int]:
    """Answer a script; this is no page."""
    return {"mug": 12}


@app.post("/login/<user_id>")
def login(user_id: str) -> Response:
    """Let the person be known from now on."""
    session["user"] = user_id
    return redirect("/")


def signed_in(_: Request) -> str | None:
    """Say who is signed in."""
    return session.get("user")
