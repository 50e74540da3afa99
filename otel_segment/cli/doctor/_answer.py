"""What the endpoint answers, and what that proves."""

import time
from collections.abc import Iterator
from datetime import timezone
from email.utils import parsedate_to_datetime

import msgspec

from otel_segment.cli.doctor._deadline import Deadline
from otel_segment.cli.doctor._endpoint import is_of_segment
from otel_segment.cli.doctor._findings import Finding, broken, fine, unknown, warning
from otel_segment.cli.doctor._network import Network
from otel_segment.cli.doctor._setups import Setup
from otel_segment.cli.doctor._test_event import Probe, body_of, make_event, where_to_look
from otel_segment.settings import Settings
from otel_segment.transport import HttpTransport, Reply

__all__ = ["Conversation"]

_ENDPOINT = "OTEL_EXPORTER_SEGMENT_ENDPOINT"
_MOST_SECONDS = 10.0
_SKEW = 30.0
_PROVES = (
    "a 200 proves that the request has reached a server which takes it, and no more: neither that the write key is of "
    "a source, nor that the region is right, nor that the event was kept"
)


class Conversation:
    """Sends a test event, or an empty batch, and reads the answer.

    Args:
        setup: The settings.
        deadline: When it has to be done.
        network: Knows whether anything stands in the way, once it has been checked.
        send: Whether an event is sent.
        user_id: Whom it is about.
    """

    def __init__(self, setup: Setup, deadline: Deadline, network: Network, send: bool, user_id: str | None) -> None:
        self._setup = setup
        self._deadline = deadline
        self._network = network
        self._send = send
        self._user_id = user_id
        self.event: Probe | None = None
        """The event that was sent."""
        self.status = 0
        """What it was answered."""

    def check(self) -> Iterator[Finding]:
        """Say what was answered, and what the server's clock says."""
        settings = self._setup.settings
        if settings is None or settings.disabled or not self._network.is_open:
            yield unknown("not tried: see above what is in the way")
            return
        if not self._deadline.left:
            yield unknown("not tried: no time was left", cure="give more with --timeout")
            return
        event = make_event(self._user_id, time.time()) if self._send else None
        began = time.time()
        reply = self._post(settings, event)
        took = time.time() - began
        self.status, self.event = reply.status, event
        yield from _judged(reply, settings, self._setup, event)
        yield from _skew(reply, began + took / 2, settings)
        if 200 <= reply.status < 300 and not _is_page(reply):  # noqa: PLR2004
            if event is None:
                yield unknown("no test event was sent (--no-send); an empty batch was")
            else:
                yield unknown(where_to_look(settings, event))

    def _post(self, settings: Settings, event: Probe | None) -> Reply:
        transport = HttpTransport(settings)
        seconds = min(settings.timeout, self._deadline.at_most(_MOST_SECONDS))
        try:
            return transport.send(body_of(settings, event, time.time()), 0, seconds)
        finally:
            transport.close()


def _judged(reply: Reply, settings: Settings, setup: Setup, event: Probe | None) -> Iterator[Finding]:
    status = reply.status
    if _is_page(reply) and status != 401:  # noqa: PLR2004 - some servers explain that in a page
        yield broken(
            f"{settings.url} answered {status} with a page for people (HTML), which is not the Tracking API: a proxy, "
            f"a firewall or a sign-in page is in between{', and swallows events' if status < 300 else ''}",  # noqa: PLR2004
            f"have the host allowed there, leave it out of the proxy with no_proxy, or correct {_ENDPOINT}",
        )
    elif not status:
        yield broken(f"no answer from {settings.url}: {reply.detail}", _cure_of_silence(reply, settings))
    elif 200 <= status < 300:  # noqa: PLR2004
        yield from _accepted(reply, setup)
    elif status == 401:  # noqa: PLR2004
        yield broken(f"{settings.url} {reply.detail}", _cure_of_401(settings, setup), setup.source("write_key"))
    else:
        yield _refused(reply, settings, setup, event)


def _accepted(reply: Reply, setup: Setup) -> Iterator[Finding]:
    says_success = _says_success(reply.text)
    if is_of_segment(setup) and says_success is None:
        yield warning(
            f"answered {reply.status}, but not as Segment does: {reply.detail}",
            "see whether a proxy answers in the place of Segment",
        )
    elif says_success is False:
        yield broken(f"answered {reply.status} without success: {reply.detail}", "do what the answer says")
    else:
        yield fine(f"answered {reply.status}: transport and authorization work")
    yield unknown(_PROVES)


def _refused(reply: Reply, settings: Settings, setup: Setup, event: Probe | None) -> Finding:
    status = reply.status
    what = f"{settings.url} {reply.detail}"
    endpoint = setup.source("endpoint")
    if 300 <= status < 400:  # noqa: PLR2004
        target = f" to {reply.text}" if reply.text else ""
        return broken(
            f"{settings.url} answered {status}, a redirect{target}, which is not followed",
            f"set {_ENDPOINT} to the address that it leads to, if that is where events belong; where it leads to a "
            "sign-in page, have the host allowed there",
            endpoint,
        )
    if status in {404, 405}:
        return broken(f"{what}: there is no Tracking API at that path", f"correct {_ENDPOINT} or its path", endpoint)
    if status == 403:  # noqa: PLR2004
        return broken(what, "see whether a firewall is in between, and whether the write key may be used there")
    if status == 407:  # noqa: PLR2004
        return broken(what, "write user and password in the proxy's variable: http://user:password@host:port")
    if status == 429 or status >= 500:  # noqa: PLR2004
        return warning(f"{what}: the server is busy or failing", "wait and try again; events are kept and sent again")
    if status == 400:  # noqa: PLR2004 - a server may well refuse a batch with nothing in it
        if event is None:
            return warning(f"{what}: it does not take an empty batch", "try without --no-send", endpoint)
        cure = f"see what the answer says, and correct {_ENDPOINT} where that is no Tracking API"
        return broken(f"{what}: it refuses the test event", cure, endpoint)
    return broken(what, "do what the answer says")


def _cure_of_401(settings: Settings, setup: Setup) -> str:
    if settings.oauth is not None:
        return (
            "correct the OAuth credentials: the client id, the key id, and the private key of the public one that "
            "Segment has; see that the application has the scope tracking_api:write and this source"
        )
    if is_of_segment(setup):
        return "Segment answers 401 where a source demands OAuth: pip install 'otel-segment[oauth]' and set oauth"
    return "correct the write key, or where it goes (auth: basic, header or body), as that server demands it"


def _cure_of_silence(reply: Reply, settings: Settings) -> str:
    if "Timeout" in reply.error or "timed out" in reply.text or "too long" in reply.text:
        return "raise OTEL_EXPORTER_SEGMENT_TIMEOUT where the server is slow, else see whether something is in between"
    if "SOCKS" in reply.text:
        return "pip install 'requests[socks]'"
    if "token" in reply.text:
        return "see whether the authorization server can be reached, and is the right one (auth_server)"
    cure = "see whether that server speaks HTTP, and whether something in between ends the connection"
    if settings.endpoint.startswith("http:"):
        return f"write https:// in {_ENDPOINT} where the server speaks TLS; else {cure}"
    return cure


def _is_page(reply: Reply) -> bool:
    kind = reply.headers.get("content-type", "").lower()
    return "text/html" in kind or reply.text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def _says_success(text: str) -> bool | None:
    """Return what an answer says of itself; ``None`` where it says nothing."""
    try:
        answer = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    success = answer.get("success") if isinstance(answer, dict) else None
    return success if isinstance(success, bool) else None


def _skew(reply: Reply, now: float, settings: Settings) -> Iterator[Finding]:
    there = _date(reply)
    if there is None:
        return
    ahead = now - there
    if abs(ahead) < _SKEW:
        yield fine("clock: as the server's, to within seconds")
        return
    direction = "ahead of" if ahead > 0 else "behind"
    what = f"clock: {abs(ahead):,.0f} seconds {direction} that of {settings.endpoint}"
    if is_segment := bool(settings.endpoint.endswith(("segment.io", "segmentapis.com"))):
        what += "; Segment corrects the events' times by it"
    what += "" if is_segment else "; events are dated wrongly"
    yield warning(what, "set this machine's clock, by NTP")


def _date(reply: Reply) -> float | None:
    try:
        date = parsedate_to_datetime(reply.headers["date"])
        # The oldest form of HTTP dates names no time zone; all of them are in UTC.
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
