"""The second of three services: Starlette, instrumented by what it says itself."""

import os

import requests
from opentelemetry import trace
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.starlette import StarletteInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import otel_segment
from otel_segment.instrumentation import SegmentStarletteInstrumentor

trace.set_tracer_provider(TracerProvider())
RequestsInstrumentor().instrument()
SegmentStarletteInstrumentor().instrument()
otel_segment.configure()


def second(request: Request) -> PlainTextResponse:
    """Ask the third service."""
    third = requests.get(os.environ["NEXT"], timeout=30)
    return PlainTextResponse(f"{os.getpid()} {third.text}")


app = Starlette(routes=[Route("/second", second)])
StarletteInstrumentor.instrument_app(app)
