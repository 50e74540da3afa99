"""What is kept of an answer for the event that it makes."""

import time

from opentelemetry.context import Context

from otel_segment.emit import Visitor

__all__ = ["Answer"]


class Answer:
    """What is known of an answer when it begins, and is not there any more when the event is made."""

    __slots__ = ("at", "charset", "context", "name", "route", "status", "takes_title", "uid", "visitor")

    def __init__(
        self, status: int, context: Context, route: str | None, name: str, charset: str, *, takes_title: bool
    ) -> None:
        self.status = status
        self.at = time.time_ns()
        self.context = context
        self.route = route
        self.name = name
        self.charset = charset
        self.takes_title = takes_title
        self.uid: str | None = None
        self.visitor: Visitor | None = None
