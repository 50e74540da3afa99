"""The command ``run``."""

from otel_segment.cli.run._command import RUN

__all__ = ["RUN"]
