"""The script and the reports of browsers, where Django's middleware is all there is."""

from typing import Any

from otel_segment.instrumentation._browser_endpoint import answered
from otel_segment.instrumentation._browser_report import MOST_BYTES
from otel_segment.instrumentation._django_request import DJANGO, neutral
from otel_segment.instrumentation._web import Web

__all__ = ["browser_reply"]


def browser_reply(request: Any, web: Web) -> Any:
    """Return the response to a request for the script or of a report; None for all others."""
    part = web.browser
    if part is None or request.path_info not in part.paths:
        return None
    from django.http import HttpResponse

    is_script = request.path_info != part.path
    reply = answered(
        neutral(request), is_script, web, part, DJANGO, request.META.get("CONTENT_LENGTH"), lambda: _body(request)
    )
    response = HttpResponse(reply.body, status=reply.status.value)
    del response["Content-Type"]
    for name, value in reply.headers:
        response[name] = value
    return response


def _body(request: Any) -> bytes:
    try:
        body = request.read(MOST_BYTES + 1)
    except Exception:  # noqa: BLE001 - Django and each server have their own errors for a client that has gone
        return b""
    return body if isinstance(body, bytes) else b""
