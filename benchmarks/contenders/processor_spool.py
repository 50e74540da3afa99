"""B with a spool: each batch is on disk before it is sent."""

import tempfile

from benchmarks.contender import Contender
from benchmarks.contenders import processor


def build(endpoint: str) -> Contender:
    """Set up the processor with a fresh folder, in the one that the worker's process leaves behind."""
    return processor.build(endpoint, tempfile.mkdtemp())
