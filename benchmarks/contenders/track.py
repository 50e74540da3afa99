"""B, reached by ``analytics.track()`` instead of a record built by hand."""

from benchmarks.contender import Contender
from benchmarks.contenders import sdk
from benchmarks.event import EVENT
from otel_segment import analytics, configure, flush


def build(endpoint: str) -> Contender:
    """Set up the SDK by ``configure()``, at its defaults."""
    configure(write_key="k", endpoint=endpoint)
    return Contender(
        emit=lambda user, properties: analytics.track(user, EVENT, properties),
        settle=lambda: flush(sdk.PATIENCE_MS / 1000),
    )
