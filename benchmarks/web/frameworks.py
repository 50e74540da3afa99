"""What the sites are made with, what serves them, and who instruments them."""

from dataclasses import dataclass

__all__ = ["FRAMEWORKS", "Framework"]


@dataclass(frozen=True)
class Framework:
    """One way of making a web application."""

    server: str
    """``gunicorn`` or ``uvicorn``."""
    ours: str
    """Module and name of our instrumentor, or of our middleware."""
    contrib: str
    """The same of OpenTelemetry's tracing."""
    needs: tuple[str, ...] = ()
    """Modules that have to be there besides the server."""


_INSTRUMENTATION = "otel_segment.instrumentation"
_CONTRIB = "opentelemetry.instrumentation"
_STARLETTE = f"{_INSTRUMENTATION}:SegmentStarletteInstrumentor"

FRAMEWORKS = {
    "flask": Framework(
        "gunicorn",
        f"{_INSTRUMENTATION}:SegmentFlaskInstrumentor",
        f"{_CONTRIB}.flask:FlaskInstrumentor",
        ("flask",),
    ),
    "django": Framework(
        "gunicorn",
        f"{_INSTRUMENTATION}:SegmentDjangoInstrumentor",
        f"{_CONTRIB}.django:DjangoInstrumentor",
        ("django",),
    ),
    "starlette": Framework("uvicorn", _STARLETTE, f"{_CONTRIB}.starlette:StarletteInstrumentor", ("starlette",)),
    "fastapi": Framework("uvicorn", _STARLETTE, f"{_CONTRIB}.fastapi:FastAPIInstrumentor", ("fastapi",)),
    "wsgi": Framework(
        "gunicorn", f"{_INSTRUMENTATION}.wsgi:AnalyticsMiddleware", f"{_CONTRIB}.wsgi:OpenTelemetryMiddleware"
    ),
    "asgi": Framework(
        "uvicorn", f"{_INSTRUMENTATION}.asgi:AnalyticsMiddleware", f"{_CONTRIB}.asgi:OpenTelemetryMiddleware"
    ),
}
"""Name on the command line and in the tables; ``wsgi`` and ``asgi`` are applications without a framework."""
