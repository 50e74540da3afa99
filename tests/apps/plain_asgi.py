"""An ASGI application without a framework, behind the middleware that its authors have put there."""

import asyncio
from typing import Any

from opentelemetry._logs import LogRecord, get_logger

from otel_segment.instrumentation.asgi import AnalyticsMiddleware


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """Answer with a page, and emit an event."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await asyncio.sleep(0)
    if scope["path"] != "/last":
        get_logger("site").emit(LogRecord(event_name="Served", attributes={"analytics.type": "track"}))
    body = f"<title>{scope['path']}</title>".encode()
    headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


application = AnalyticsMiddleware(plain)
