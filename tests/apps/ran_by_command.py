"""A Flask application that emits one event for each request, with the OpenTelemetry API alone."""

import itertools
import os

from flask import Flask
from opentelemetry._logs import LogRecord, get_logger

app = Flask(__name__)
numbers = itertools.count()


@app.get("/")
def home() -> str:
    """Answer with the process and the number of the request in it."""
    track = {"analytics.type": "track", "user.id": "u-1"}
    get_logger("shop").emit(LogRecord(event_name="Asked", attributes=track))
    return f"{os.getpid()} {next(numbers)}"
