"""Messages to the endpoint: queue, send, retry, settle, count."""

from otel_segment.delivery._delivery import Delivery
from otel_segment.delivery._doors import door_processors, doors_of, has_door, processors_of
from otel_segment.delivery._drain import call_in_time, drain, is_draining, longest_shutdown, time_to_wait
from otel_segment.delivery._live import deliveries
from otel_segment.delivery._stats import Stats
from otel_segment.delivery._watcher import Watcher

__all__ = [
    "Delivery",
    "Stats",
    "Watcher",
    "call_in_time",
    "deliveries",
    "door_processors",
    "doors_of",
    "drain",
    "has_door",
    "is_draining",
    "longest_shutdown",
    "processors_of",
    "time_to_wait",
]
