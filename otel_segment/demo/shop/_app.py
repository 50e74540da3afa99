"""The shop, put together."""

import secrets
from typing import TYPE_CHECKING

from flask import Flask, Response, render_template

from ._browsing import browsing
from ._buying import buying
from ._events import traced
from ._joining import accounts, joining
from ._visitor import recognise_visitors

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["create_app"]


def create_app() -> "WSGIApplication":
    """Build the shop; the accounts are those of the process."""
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes()
    app.config.update(SESSION_COOKIE_NAME="shop_session", SESSION_COOKIE_SAMESITE="Lax", MAX_CONTENT_LENGTH=65_536)
    app.jinja_env.filters["euros"] = _euros
    recognise_visitors(app, accounts)
    for blueprint in (browsing, buying, joining):
        app.register_blueprint(blueprint)
    app.add_url_rule("/favicon.ico", "favicon", lambda: Response(status=204))
    app.register_error_handler(404, _missing)
    return traced(app)


def _euros(cents: int) -> str:
    return f"€ {cents / 100:.2f}"


def _missing(_: Exception) -> tuple[str, int]:
    return render_template("missing.html", title="Not here"), 404
