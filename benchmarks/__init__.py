"""Benchmarks of otel_segment against Segment's own library, the bare SDK and the OTLP exporter."""
