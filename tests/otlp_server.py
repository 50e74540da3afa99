"""A server that takes OTLP over HTTP, and remembers the names of the events that arrive."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["otlp_server"]


@contextmanager
def otlp_server() -> Iterator[tuple[str, set[str]]]:
    """Run the server; yield its URL and the names that have arrived."""
    names: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            names.update(_log_events(body) if self.path == "/v1/logs" else _span_events(body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", names
        server.shutdown()


def _log_events(body: bytes) -> set[str]:
    logs = ExportLogsServiceRequest.FromString(body).resource_logs
    return {record.event_name for resource in logs for scope in resource.scope_logs for record in scope.log_records}


def _span_events(body: bytes) -> set[str]:
    spans = ExportTraceServiceRequest.FromString(body).resource_spans
    return {
        event.name
        for resource in spans
        for scope in resource.scope_spans
        for span in scope.spans
        for event in span.events
    }
