"""A site made with Flask."""

from collections.abc import Callable

import flask

from benchmarks.web.page import PAGE, PAGE_PATH, SETTLED_PATH


def make(settled: Callable[[], str]) -> flask.Flask:
    """Make the application."""
    site = flask.Flask(__name__)
    site.add_url_rule(PAGE_PATH, "hello", lambda: PAGE)
    site.add_url_rule(SETTLED_PATH, "settled", lambda: flask.Response(settled(), mimetype="text/plain"))
    return site
