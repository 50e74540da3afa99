"""A site made with Django, with the middleware that Django gives to a new project."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

from benchmarks.web.page import PAGE, PAGE_PATH, SETTLED_PATH

_ROUTES = "benchmark_routes"


def prepare() -> None:
    """Set Django's settings, which tracing wants to find when it starts."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
        ],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        ROOT_URLCONF=_ROUTES,
        SECRET_KEY="not-a-secret",
    )


def make(settled: Callable[[], str]) -> Any:
    """Make the application."""
    routes: Any = ModuleType(_ROUTES)
    routes.urlpatterns = [
        path(PAGE_PATH[1:], lambda _: HttpResponse(PAGE)),
        path(SETTLED_PATH[1:], lambda _: HttpResponse(settled(), content_type="text/plain")),
    ]
    sys.modules[_ROUTES] = routes
    return get_wsgi_application()
