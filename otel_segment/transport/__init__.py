"""The way to the endpoint: one HTTP client, which is loaded when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

from otel_segment.transport._base import Reply, Transport

if TYPE_CHECKING:
    from otel_segment.transport._client import Client
    from otel_segment.transport._http import HttpTransport

__all__ = ["Client", "HttpTransport", "Reply", "Transport"]

_HOMES = {"Client": "_client", "HttpTransport": "_http"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"otel_segment.transport.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
