"""The routes of ``django_site``, with views that emit with the calls of this package."""

from typing import Any

from django_site import views
from django_site.urls import urlpatterns

from otel_segment import analytics

__all__ = ["urlpatterns"]


def emit(name: str, **properties: Any) -> None:
    """Emit an event of whoever asks."""
    analytics.track(event=name, properties=properties)


views.emit = emit
