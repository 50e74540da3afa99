"""An ASGI application that sets up when it is imported and emits with each request, ``EACH`` times.

When it is shut down it flushes, for ``LAST_FLUSH`` seconds at most, and ends the exporters.
"""

import itertools
import os
from typing import Any

from emitting import emit, set_up

import otel_segment

set_up()
EACH = int(os.environ.get("EACH", "1"))
_numbers = itertools.count()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Emit and answer with where it comes from."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        # uvicorn ends its processes by the signal that it got, so that no exit handler runs.
        otel_segment.flush(float(os.environ.get("LAST_FLUSH", "20")))
        otel_segment.shutdown()
        await send({"type": "lifespan.shutdown.complete"})
        return
    number = next(_numbers)
    emit(str(os.getpid()), EACH, number * EACH)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"{os.getpid()} {number}".encode()})
