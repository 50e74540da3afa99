"""Servers of whole processes, asked over HTTP, and the events that arrive from them."""

import http.client
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from opentelemetry._logs import _internal as logs_api
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.util._once import Once
from running import Server, environment

import otel_segment
from otel_segment.inspector import LocalEndpoint

__all__ = ["BROWSER", "HOST", "Process", "Reply", "arriving", "normal", "page", "process", "track"]

HOST = "shop.example"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
_PSEUDONYM = re.compile("[0-9a-f]{32}")


class Reply(NamedTuple):
    """What a server answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Return the values of a header."""
        return [value for each, value in self.headers if each.lower() == name]


class Process:
    """A server in a process of its own.

    Args:
        server: The server.
        endpoint: Where its events arrive; None where it emits none.
    """

    def __init__(self, server: Server, endpoint: LocalEndpoint) -> None:
        self.server = server
        self._endpoint = endpoint

    def ask(self, path: str = "/", headers: Mapping[str, str] | None = None, method: str = "GET") -> Reply:
        """Send a request as a browser sends it; a header without a value is not sent."""
        every = {"Host": HOST, "User-Agent": BROWSER, **(headers or {})}
        with closing(http.client.HTTPConnection("127.0.0.1", self.server._port, timeout=30)) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in every.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())

    def take(self, count: int = 0) -> list[dict[str, Any]]:
        """Return what was emitted since the last time, but for what differs from run to run.

        Args:
            count: How many there are to be at least; an answer may be complete before its event is emitted.
        """
        deadline = time.monotonic() + 5
        while True:
            assert self.ask("/flush/").status == 200
            messages = self._endpoint.received.messages
            if len(messages) >= count or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        self._endpoint.received.clear()
        return [normal(message) for message in messages]


@contextmanager
def process(*command: str, **variables: str) -> Iterator[Process]:
    """Run a server under ``opentelemetry-instrument``; its application sends what it has when ``/flush/`` is asked."""
    launcher = Path(sys.executable).with_name("opentelemetry-instrument")
    if not launcher.exists():
        pytest.skip("needs opentelemetry-distro")
    chosen = {
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "segment",
        "OTEL_INSTRUMENTATION_SEGMENT_SALT": "0123456789abcdef",
    }
    with LocalEndpoint() as endpoint:
        env = environment(endpoint.url, **chosen, **variables)
        with Server(str(launcher), sys.executable, *command, env=env) as server:
            running = Process(server, endpoint)
            _wait_for(running)
            running.take()
            yield running


def _wait_for(running: Process) -> None:
    deadline = time.monotonic() + 60
    while True:
        child: subprocess.Popen[str] = running.server._process
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        try:
            running.ask("/flush/")
        except OSError:
            time.sleep(0.05)
        else:
            return


def normal(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without what differs from run to run."""
    plain = {name: value for name, value in message.items() if name not in {"messageId", "timestamp", "sentAt"}}
    plain["context"] = {name: value for name, value in message["context"].items() if name not in {"library", "os"}}
    if _PSEUDONYM.fullmatch(plain.get("anonymousId", "")):
        plain["anonymousId"] = "somebody"
    return plain


def page(path: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the message of a page viewed by an anonymous visitor, as ``normal`` leaves it.

    Args:
        path: Its path, with a query where there is one.
        name: Its name; by default the path.
        **more: ``context``: more of it; everything else as it is in the message, or None for what is not there.
    """
    bare, mark, query = path.partition("?")
    facts = {"path": bare, "url": f"http://{HOST}{path}", "search": mark + query}
    seen = {field: more.pop(field) for field in ("title", "referrer") if field in more}
    context = {"channel": "server", "ip": "127.0.0.1", "userAgent": BROWSER, "page": facts | {"host": HOST} | seen}
    message = {
        "type": "page",
        "name": name or bare,
        "anonymousId": "somebody",
        "properties": facts | seen | {"name": name or bare},
        "context": context | more.pop("context", {}),
    }
    return {field: value for field, value in (message | more).items() if value is not None}


def track(path: str, event: str, **more: Any) -> dict[str, Any]:
    """Return the message of an event that was emitted while a path was served, as ``normal`` leaves it."""
    context = page(path)["context"] | more.pop("context", {})
    message = {"type": "track", "event": event, "anonymousId": "somebody", "properties": {}, "context": context}
    return {field: value for field, value in (message | more).items() if value is not None}


@contextmanager
def arriving() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Let what is emitted in this process arrive at a local endpoint; gives what returns it."""
    with pytest.MonkeyPatch.context() as patch, LocalEndpoint() as endpoint:
        patch.setattr(logs_api, "_LOGGER_PROVIDER", None)
        patch.setattr(logs_api, "_LOGGER_PROVIDER_SET_ONCE", Once())
        patch.setenv("OTEL_INSTRUMENTATION_SEGMENT_SALT", "0123456789abcdef")
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(
            otel_segment.SegmentLogRecordProcessor(write_key="wk-0123456789abcdef", endpoint=endpoint.url)
        )
        set_logger_provider(provider)

        def take() -> list[dict[str, Any]]:
            assert otel_segment.flush(30)
            messages = [normal(message) for message in endpoint.received.messages]
            endpoint.received.clear()
            return messages

        yield take
        provider.shutdown()
