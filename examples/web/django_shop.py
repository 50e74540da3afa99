"""A Django site in one file, that tells of nothing.

Under ``opentelemetry-instrument`` each page that a person views is a page call all the same. Here a visitor is who
analytics.js, Segment's script for browsers, says in its cookies; where they are missing, a pseudonym of the day.
"""

import secrets

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = __name__
SECRET_KEY = secrets.token_hex()


def front(_: HttpRequest) -> HttpResponse:
    """Show the front page."""
    return HttpResponse("<title>Shop</title><a href=/products/mug>Blue mug</a>")


def product(_: HttpRequest, product: str) -> HttpResponse:  # noqa: ARG001
    """Show a product; whichever it is, the page has one name."""
    return HttpResponse("<title>Blue mug</title><h1>Blue mug</h1>")


def stock(_: HttpRequest) -> JsonResponse:
    """Answer a script; this is no page."""
    return JsonResponse({"mug": 12})


urlpatterns = [path("", front), path("products/<slug:product>", product), path("stock", stock)]
