"""The command ``send`` and the six under it."""

from otel_segment.cli.send._group import SEND

__all__ = ["SEND"]
