"""One event by segment-analytics-python."""

import sys

from segment import analytics  # type: ignore[import-untyped]

from benchmarks.event import EVENT, SAMPLES

analytics.write_key = "k"
analytics.host = sys.argv[1]
analytics.track(SAMPLES[0][0], EVENT, SAMPLES[0][1])
analytics.flush()
