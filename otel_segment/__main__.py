"""``python -m otel_segment`` is ``otel-segment``."""

import sys

from otel_segment.cli import main

if __name__ == "__main__":
    sys.exit(main())
