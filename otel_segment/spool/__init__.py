"""Encoded messages that outlive their process: a SQLite database in a folder that processes share."""

from otel_segment.spool._destination import Destination
from otel_segment.spool._errors import SpoolError, SpoolFull
from otel_segment.spool._registry import spool_for
from otel_segment.spool._store import Row, Spool

__all__ = ["Destination", "Row", "Spool", "SpoolError", "SpoolFull", "spool_for"]
