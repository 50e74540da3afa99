"""Three services, of which the first calls the second and the second the third; which one it is, ``SERVICE`` says."""

import os

import requests
from flask import Flask, request
from opentelemetry._logs import LogRecord, get_logger

from otel_segment import analytics

NEXT = os.environ.get("NEXT", "")
OTHERS = os.environ.get("OTHERS", "").split()

site = Flask("three_services")


def signed_in(asked: object) -> "str | None":
    """Return who is signed in at the first service."""
    return request.headers.get("X-User")


def ask(url: str) -> str:
    """Return what another service answers."""
    return requests.get(url, timeout=30).text


@site.get("/first")
def first() -> str:
    """Show a page that another service has a part in; which processes were there, it says."""
    return f"{os.getpid()} {ask(NEXT)}"


@site.get("/third")
def third() -> "tuple[str, dict[str, str]]":
    """Note that somebody asks, in two ways, and ask strangers, too."""
    analytics.track(event="Price Asked")
    get_logger("prices").emit(LogRecord(event_name="Price Noted", attributes={"analytics.type": "track"}))
    for url in OTHERS:
        ask(url)
    return str(os.getpid()), {"Content-Type": "text/plain"}
