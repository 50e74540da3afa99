"""``otel-segment doctor``."""

from otel_segment.cli.doctor._doctor import DOCTOR

__all__ = ["DOCTOR"]
