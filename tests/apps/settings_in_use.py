"""Prints the settings of all exporters that OpenTelemetry was set up with, as JSON."""

import dataclasses
import json
import sys

from otel_segment.delivery import deliveries
from otel_segment.settings import OAuth

found = [delivery.settings for delivery in deliveries()]
shown = [{field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)} for settings in found]
json.dump(
    shown, sys.stdout, default=lambda value: dataclasses.asdict(value) if isinstance(value, OAuth) else dict(value)
)
