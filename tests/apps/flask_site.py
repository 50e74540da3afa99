"""A small shop made with Flask and Flask-Login, which knows nothing of analytics."""

import io
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, jsonify, redirect, request, send_file, stream_with_context
from flask.views import MethodView
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from werkzeug.middleware.dispatcher import DispatcherMiddleware

PEOPLE = {"1": "ada", "2": "grace"}


class Person(UserMixin):
    """Somebody who has an account."""

    def __init__(self, number: str) -> None:
        self.id = number
        self.name = PEOPLE[number]


class About(MethodView):
    """A view that is a class."""

    def get(self) -> str:
        """Show the page."""
        return "<title>About</title>About"

    def post(self) -> str:
        """Take a form."""
        return "<title>Thanks</title>Thanks"


def create_app() -> Flask:
    """Make the shop, with its back office mounted under it."""
    app = Flask("flask_site")
    app.secret_key = "not a secret"
    app.add_url_rule("/about", view_func=About.as_view("about"))
    app.register_blueprint(_goods(), url_prefix="/goods")
    _pages(app)
    _answers(app)
    _accounts(app)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/office": _office()})  # type: ignore[method-assign]
    return app


def _pages(app: Flask) -> None:
    @app.get("/")
    def home() -> str:
        return "<!doctype html><title>The shop</title>Welcome"

    @app.get("/news")
    async def news() -> str:
        return "<title>News</title>No news"

    @app.get("/wait")
    def wait() -> Response:
        def lines() -> Iterator[str]:
            for number in range(1_000):
                yield f"<p>line {number} for {request.args.get('for', '')}\n"

        return Response(stream_with_context(lines()))


def _answers(app: Flask) -> None:
    @app.get("/data")
    def data() -> Response:
        return jsonify(items=[1, 2, 3])

    @app.get("/moved")
    def moved() -> object:
        return redirect("/about")

    @app.get("/nothing")
    def nothing() -> tuple[str, int]:
        return "", 204

    @app.get("/same")
    def same() -> tuple[str, int]:
        return "", 304

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError

    @app.get("/catalogue")
    def catalogue() -> Response:
        return send_file(io.BytesIO(b"<title>x</title>" * 1_000), "text/html", True, "catalogue.html")

    @app.errorhandler(404)
    def lost(error: object) -> tuple[str, int]:
        return "<title>Lost</title>Nothing here", 404


def _accounts(app: Flask) -> None:
    people = LoginManager(app)
    people.user_loader(lambda number: Person(number) if number in PEOPLE else None)
    people.request_loader(lambda request: _by_token(request.headers.get("X-Token", "")))

    @app.get("/enter/<number>")
    def enter(number: str) -> str:
        login_user(Person(number))
        return "<title>Hello</title>Hello"

    @app.get("/leave")
    def leave() -> str:
        logout_user()
        return "<title>Bye</title>Bye"

    @app.get("/account")
    @login_required
    def account() -> str:
        return f"<title>Account</title>{current_user.name}"


def _by_token(token: str) -> Person | None:
    return Person(token) if token in PEOPLE else None


def _goods() -> Blueprint:
    goods = Blueprint("goods", __name__)

    @goods.get("/<int:number>")
    def show(number: int) -> str:
        return f"<title>Article {number}</title>Buy"

    return goods


def _office() -> Flask:
    office = Flask("office")

    @office.get("/orders/<number>")
    def order(number: str) -> str:
        return f"<title>Order {number}</title>"

    return office


app = create_app()
