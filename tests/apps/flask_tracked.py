"""The shop of ``flask_site``, with events of its own that say who they are for."""

from flask import request
from flask_login import login_required
from flask_site import app

from otel_segment import analytics


@app.get("/bought/<number>")
@login_required
def bought(number: str) -> str:
    """Emit an event about whoever asks."""
    analytics.track(event="Bought", properties={"by": number, "from": request.user_agent.string})
    return "<title>Bought</title>"
