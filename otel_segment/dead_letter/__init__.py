"""The file for events that can never be delivered: written by many processes, rotated, and read back."""

from otel_segment.dead_letter._file import ROTATED_FILES, DeadLetter
from otel_segment.dead_letter._letters import MAX_LINE_BYTES, Letter, read_lines

__all__ = ["MAX_LINE_BYTES", "ROTATED_FILES", "DeadLetter", "Letter", "read_lines"]
