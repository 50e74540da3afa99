"""Encoded messages that outlive their process: a SQLite database in a folder that processes share."""

from otel_segment.spool._destination import Destination
from otel_segment.spool._errors import SpoolError, SpoolFull
from otel_segment.spool._examination import Examination, examine
from otel_segment.spool._folder import has_spool, lacking_room
from otel_segment.spool._listing import DestinationStatus, RowInfo
from otel_segment.spool._recovery import recover
from otel_segment.spool._registry import spool_for
from otel_segment.spool._store import Row, Spool

__all__ = [
    "Destination",
    "DestinationStatus",
    "Examination",
    "Row",
    "RowInfo",
    "Spool",
    "SpoolError",
    "SpoolFull",
    "examine",
    "has_spool",
    "lacking_room",
    "recover",
    "spool_for",
]
