"""What is said of an endpoint that does not take what it is sent."""

import logging

from otel_segment._log import say, say_once
from otel_segment.settings import Settings
from otel_segment.transport import Reply
from otel_segment.wire import Verdict

__all__ = ["Complaints"]

_KEPT = "the events are kept in the spool and tried again about once a minute"
_DROPPED = "such requests are not repeated"


class Complaints:
    """Says for one exporter what is wrong with its endpoint; each thing at most once a minute.

    Args:
        settings: The settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.shown_url
        self._consequence = _KEPT if settings.spool else _DROPPED

    def failed(self, reply: Reply, wait: float) -> None:
        """Say that a request has failed, and is made again.

        Args:
            reply: The answer.
            wait: Seconds for which the endpoint wants no requests.
        """
        when = f" in {wait:,.0f} s, as it asks" if wait >= 1 else ""
        message = "Segment endpoint %s: %s; trying again%s"
        say(f"retry {self._url}", logging.WARNING, message, self._url, reply.detail, when)

    def refused(self, verdict: Verdict, reply: Reply) -> None:
        """Say that requests are refused, whatever is in them."""
        if verdict is Verdict.REDIRECTED:
            say_once(
                f"redirect {self._url}",
                logging.ERROR,
                "configuration error: the endpoint %s answers %d and points to %s; set endpoint to where events go; %s",
                self._url,
                reply.status,
                reply.text or "nowhere",
                self._consequence,
            )
        elif verdict is Verdict.DIVIDE:
            say_once(
                f"refused {self._url}",
                logging.ERROR,
                "configuration error: the endpoint %s refuses every event (%s); see whether endpoint and path lead to "
                "a Tracking API, and no proxy answers in its place; %s",
                self._url,
                reply.detail,
                self._consequence,
            )
        elif verdict is Verdict.UNAUTHORIZED:
            say(
                f"unauthorized {self._url}",
                logging.ERROR,
                "Segment endpoint %s: %s; see whether write_key (or oauth) is right; %s",
                self._url,
                reply.detail,
                self._consequence,
            )
        else:
            say(
                f"rejected {self._url}",
                logging.ERROR,
                "Segment endpoint %s: %s; see whether endpoint and path are right; %s",
                self._url,
                reply.detail,
                self._consequence,
            )
