"""The demonstration: a small shop under instrumentation, and a crowd that visits it."""

from otel_segment.demo._crowd import Crowd
from otel_segment.demo._process import ShopError, ShopProcess
from otel_segment.demo._tally import Tally, tally

__all__ = ["Crowd", "ShopError", "ShopProcess", "Tally", "tally"]
