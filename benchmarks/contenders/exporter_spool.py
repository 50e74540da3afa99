"""A with a spool: each batch is on disk before it is sent."""

import tempfile

from benchmarks.contender import Contender
from benchmarks.contenders import exporter


def build(endpoint: str) -> Contender:
    """Set up the exporter with a fresh folder, in the one that the worker's process leaves behind."""
    return exporter.build(endpoint, tempfile.mkdtemp())
