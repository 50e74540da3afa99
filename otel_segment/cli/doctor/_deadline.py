"""Time that is over at some point, whatever is done in it."""

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import NoReturn, TypeVar

__all__ = ["Deadline", "in_time"]

_T = TypeVar("_T")


class Deadline:
    """A moment by which all has to be done.

    Args:
        seconds: How far away it is.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then."""
        return max(0.0, self._end - time.monotonic())

    def at_most(self, seconds: float) -> float:
        """Return so many seconds, or those that are left where they are fewer."""
        return min(seconds, self.left)


def in_time(work: Callable[[], _T], seconds: float) -> _T:
    """Do some work that takes no deadline itself, such as a name look-up or an import.

    Args:
        work: The work. Where it does not end in time it goes on, and nobody waits for it.
        seconds: How long it may take.

    Raises:
        TimeoutError: It has not ended in time.
        Exception: What the work raises.
    """
    outcome: list[Callable[[], _T]] = []

    def run() -> None:
        try:
            result = work()
            outcome.append(lambda: result)
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            outcome.append(_raiser(error))

    thread = threading.Thread(target=copy_context().run, args=(run,), name="otel-segment-doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        message = f"not done after {seconds:.1f} seconds"
        raise TimeoutError(message)
    return outcome[0]()


def _raiser(error: BaseException) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail
