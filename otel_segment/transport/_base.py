"""What delivery asks of a way to the endpoint."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

__all__ = ["Reply", "Transport"]

_MOST_DETAIL = 200


class Reply(NamedTuple):
    """What came of one request; a failure is a value, too."""

    status: int
    """The HTTP status; 0 where no answer came."""
    headers: Mapping[str, str]
    """The answer's headers, under names in lower case."""
    text: str
    """The beginning of the answer's body, or what went wrong."""
    error: str = ""
    """The class of the error where no answer came."""

    @property
    def detail(self) -> str:
        """What came, in a line for people."""
        if not self.status:
            return f"{self.error}: {self.text}"
        text = " ".join(self.text.split())[:_MOST_DETAIL]
        return f"answered {self.status}" + (f": {text}" if text else "")


class Transport(Protocol):
    """Sends one body to the endpoint. Never raises."""

    def send(self, body: bytes, retries: int, timeout: float) -> Reply:
        """Post a body and return what came of it.

        Args:
            body: The body, as yet uncompressed.
            retries: How many attempts there were before.
            timeout: Seconds that the request may take.
        """
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...
