"""B with a spool and ``durable``: each event is on disk when its ``emit()`` returns."""

import tempfile

from benchmarks.contender import Contender
from benchmarks.contenders import processor


def build(endpoint: str) -> Contender:
    """Set up the processor with a fresh folder, in the one that the worker's process leaves behind."""
    return processor.build(endpoint, tempfile.mkdtemp(), durable=True)
