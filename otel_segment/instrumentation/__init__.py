"""Page views, visitors and identity for web applications, with no change in them.

Under ``opentelemetry-instrument`` Flask, Django, Starlette and FastAPI are instrumented by themselves. In code it is
``SegmentFlaskInstrumentor().instrument_app(app)`` and the like, or ``AnalyticsMiddleware`` of :mod:`.wsgi`,
:mod:`.asgi` or :mod:`.django`. Nothing in here knows where events go: they are emitted through OpenTelemetry's logs
API.
"""

from typing import TYPE_CHECKING

from otel_segment.instrumentation._user import User

if TYPE_CHECKING:
    from otel_segment.instrumentation._settings import resolve_web
    from otel_segment.instrumentation.django import SegmentDjangoInstrumentor
    from otel_segment.instrumentation.flask import SegmentFlaskInstrumentor
    from otel_segment.instrumentation.starlette import SegmentStarletteInstrumentor

__all__ = [
    "SegmentDjangoInstrumentor",
    "SegmentFlaskInstrumentor",
    "SegmentStarletteInstrumentor",
    "User",
    "resolve_web",
]

_PLACES = {
    "SegmentDjangoInstrumentor": "django",
    "SegmentFlaskInstrumentor": "flask",
    "SegmentStarletteInstrumentor": "starlette",
    "resolve_web": "_settings",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _PLACES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
