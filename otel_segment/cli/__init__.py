"""The command ``otel-segment``."""

from otel_segment.cli._main import main

__all__ = ["main"]
