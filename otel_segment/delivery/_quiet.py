"""Work of ours that instrumentation of the application must not see."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context
from opentelemetry.context import _SUPPRESS_HTTP_INSTRUMENTATION_KEY, _SUPPRESS_INSTRUMENTATION_KEY

__all__ = ["quietly"]


@contextmanager
def quietly() -> Iterator[None]:
    """Have requests made meanwhile, in this thread, make no spans."""
    suppressed = context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True)
    token = context.attach(context.set_value(_SUPPRESS_HTTP_INSTRUMENTATION_KEY, True, suppressed))
    try:
        yield
    finally:
        context.detach(token)
