"""The commands on the spool: see what is in it, send it, take it out."""

from otel_segment.cli.spool._group import SPOOL

__all__ = ["SPOOL"]
