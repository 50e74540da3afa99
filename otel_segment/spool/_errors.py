"""What the spool raises, to the library alone: delivery catches it and goes on from memory."""

from otel_segment.errors import OtelSegmentError

__all__ = ["SpoolError", "SpoolFull"]


class SpoolError(OtelSegmentError):
    """The spool cannot be used at the moment; the text is for people."""


class SpoolFull(SpoolError):  # noqa: N818 - a state, said as such
    """The spool holds as much as ``spool_max_bytes`` allows."""
