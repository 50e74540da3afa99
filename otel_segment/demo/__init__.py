"""The demonstration: a small shop under instrumentation, and a crowd that visits it."""

from otel_segment.demo._crowd import Crowd
from otel_segment.demo._process import MAPPING, RESOURCE, SALT, ShopError, ShopProcess
from otel_segment.demo._recording import record
from otel_segment.demo._tally import Tally, tally
from otel_segment.demo._told import Told, expect

__all__ = [
    "MAPPING",
    "RESOURCE",
    "SALT",
    "Crowd",
    "ShopError",
    "ShopProcess",
    "Tally",
    "Told",
    "expect",
    "record",
    "tally",
]
