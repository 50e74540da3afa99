"""The inspector as a server: an endpoint that keeps what arrives, and the page that shows it."""

from otel_segment.inspector.live._archive import Archive
from otel_segment.inspector.live._database import ArchiveError
from otel_segment.inspector.live._fault_text import FaultError
from otel_segment.inspector.live._inspector import Inspector

__all__ = ["Archive", "ArchiveError", "FaultError", "Inspector"]
