"""What a page view costs a web application: bare, with otel_segment, and with OpenTelemetry's tracing."""
