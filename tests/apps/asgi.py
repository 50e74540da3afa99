"""An ASGI application that sets up when it is imported, emits with each request, and flushes when it is shut down."""

import itertools
import os
from typing import Any

from emitting import emit, set_up

import otel_segment

set_up()
_numbers = itertools.count()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Emit one event and answer with where it comes from."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        # uvicorn ends its processes by the signal that it got, so that no exit handler runs.
        otel_segment.flush(20)
        await send({"type": "lifespan.shutdown.complete"})
        return
    number = next(_numbers)
    emit(str(os.getpid()), 1, number)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"{os.getpid()} {number}".encode()})
