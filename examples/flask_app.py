"""A Flask application: each request has its visitor, and what the handlers tell carries it.

Nothing here says where events go; ``opentelemetry-instrument`` and the environment do.
"""

from uuid import uuid4

from flask import Flask, Response, g, request

from otel_segment import analytics, use_visitor

app = Flask(__name__)


@app.before_request
def enter_visitor() -> None:
    """Let what is told until the end of the request be about the person behind it."""
    g.anonymous_id = request.cookies.get("visitor") or str(uuid4())
    g.visitor = use_visitor(
        user_id=request.cookies.get("user"),
        anonymous_id=g.anonymous_id,
        page={"url": request.url, "referrer": request.referrer or ""},
        ip=request.remote_addr,
        user_agent=request.user_agent.string,
        locale=request.accept_languages.best,
    )
    g.visitor.__enter__()


@app.after_request
def keep_visitor(response: Response) -> Response:
    """Let the browser keep the id."""
    response.set_cookie("visitor", g.anonymous_id, max_age=365 * 24 * 3600, httponly=True, samesite="Lax")
    return response


@app.teardown_request
def leave_visitor(_: BaseException | None) -> None:
    """End the visitor with the request."""
    if visitor := g.pop("visitor", None):
        visitor.__exit__(None, None, None)


@app.get("/")
def front() -> str:
    """Show the front page."""
    analytics.page(category="Shop", name="Front page")
    return "<h1>Shop</h1><form action=/orders method=post><button>Buy</button></form>"


@app.post("/orders")
def order() -> str:
    """Take an order."""
    analytics.track(event="Order Completed", properties={"order_id": str(uuid4()), "total": 42.5})
    return "<h1>Thank you</h1>"


@app.post("/login/<user_id>")
def login(user_id: str) -> Response:
    """Let the person be known from now on."""
    analytics.identify(user_id, {"plan": "pro"}, anonymous_id=g.anonymous_id)
    response = Response("<h1>Welcome back</h1>")
    response.set_cookie("user", user_id, httponly=True, samesite="Lax")
    return response
