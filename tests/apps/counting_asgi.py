"""An ASGI application that counts its pages in each process, and does nothing about events when it is shut down."""

import itertools
import os
from typing import Any

from otel_segment.instrumentation.asgi import AnalyticsMiddleware

_numbers = itertools.count()


async def _counting(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with a page that says where it comes from."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": f"{os.getpid()} {next(_numbers)}".encode()})


application = AnalyticsMiddleware(_counting, bots="include", browser=True, browser_wait=60)
