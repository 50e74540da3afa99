"""A Flask application whose callbacks are asynchronous, to be served by greenlets."""

import asyncio
import os
import time
from typing import Any

from flask import Flask, request

from otel_segment import analytics

app = Flask(__name__)


@app.get("/<name>")
def view(name: str) -> str:
    """Emit before and after others have had their turn."""
    analytics.track(event="Before", properties={"of": name})
    time.sleep(0.01)
    analytics.track(event="After", properties={"of": name})
    return f"<title>{os.getpid()}</title>"


async def who(given: Any) -> str | None:
    """Say who it is, by a look at what only the request's own context has, after a while and in another thread."""
    name = request.path[1:]
    await asyncio.sleep(0.01)
    if name == "hanging":
        await asyncio.to_thread(time.sleep, 3)
    return str(await asyncio.to_thread(lambda: given.path[1:])) if name == given.path[1:] else None
