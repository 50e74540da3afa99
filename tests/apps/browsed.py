"""A page with the script, by WSGI and by ASGI: its title is set by a script, and it moves on without being loaded.

Started by a server it waits for its browsers for ``WAIT`` seconds.
"""

import os
from collections.abc import Iterable
from typing import Any

from otel_segment.instrumentation import asgi as by_asgi
from otel_segment.instrumentation import wsgi as by_wsgi

PAGE = b"""<!doctype html><title>From the server</title><script src="/_analytics/event.js" defer></script>
<script>document.title = "From the browser"
function go(path, title) { history.pushState({}, "", path); document.title = title }</script>"""
_FRESH = {"/cached": "public, max-age=60", "/kept": "private, max-age=60"}


def _headers(path: str) -> list[tuple[str, str]]:
    kind = "application/json" if path.startswith("/api") else "text/html"
    headers = [("Content-Type", kind), ("Content-Length", str(len(PAGE)))]
    return [*headers, ("Cache-Control", _FRESH[path])] if path in _FRESH else headers


def plain_wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with the page."""
    assert not environ["PATH_INFO"].startswith("/_analytics/")
    start_response("200 OK", _headers(environ["PATH_INFO"]))
    return [PAGE]


async def plain_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with the page."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        import otel_segment

        # uvicorn ends its processes by the signal that it got, so that no exit handler runs.
        otel_segment.shutdown()
        await send({"type": "lifespan.shutdown.complete"})
        return
    assert not scope["path"].startswith("/_analytics/")
    headers = [(name.encode(), value.encode()) for name, value in _headers(scope["path"])]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": PAGE})


_WAIT = float(os.environ.get("WAIT", "3"))
wsgi = by_wsgi.AnalyticsMiddleware(plain_wsgi, browser=True, browser_wait=_WAIT)
asgi = by_asgi.AnalyticsMiddleware(plain_asgi, browser=True, browser_wait=_WAIT)
