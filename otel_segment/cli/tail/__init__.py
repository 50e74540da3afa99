"""The command ``tail``."""

from otel_segment.cli.tail._command import TAIL

__all__ = ["TAIL"]
