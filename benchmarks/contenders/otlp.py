"""The OTLP/HTTP log exporter behind the SDK's batch processor."""

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

from benchmarks.contender import Contender
from benchmarks.contenders import sdk


def build(endpoint: str) -> Contender:
    """Set up the exporter at its defaults."""
    return sdk.contender(sdk.batched(OTLPLogExporter(endpoint=f"{endpoint}/v1/logs")))
