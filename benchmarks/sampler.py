"""A sampling profiler inside the process: where the processor time goes, by function and by line.

A timer on the processor time of the whole process interrupts whichever thread is running, and the interpreter's
fault handler writes down that thread's stack there and then, without waiting for the interpreter's lock. So
waiting costs nothing, no point in the code is favoured because threads switch there, and small functions are not
blown up, as they are by a profiler that is called at every call.
"""

import faulthandler
import re
import signal
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from typing_extensions import Self

__all__ = ["Sampler"]

_INTERVAL = 0.001
_SHOWN = 25
_LEAST_SHARE = 0.005
_STACK = b"Stack (most recent call first):\n"
_FRAME = re.compile(rb'File "([^"]*)", line (\d+) in (.*)')


class _Frame(NamedTuple):
    function: str
    line: str


def _frames(stack: bytes) -> list[_Frame]:
    frames = []
    for file, line, name in _FRAME.findall(stack):
        function = f"{'/'.join(Path(file.decode()).parts[-2:])}:{name.decode()}"
        frames.append(_Frame(function, f"{function}:{line.decode()}"))
    return frames


def _thread(frames: list[_Frame]) -> str:
    """Name a thread by the first function of it that is not the standard library's."""
    own = (frame.function for frame in reversed(frames) if "threading.py:" not in frame.function)
    first = next(own, frames[-1].function)
    return "main" if "runpy" in first else first


def _table(title: str, counts: Counter[str], total: int, microseconds: float) -> Iterable[str]:
    yield f"  {title}:"
    for place, count in counts.most_common(_SHOWN):
        if count / total >= _LEAST_SHARE:
            yield f"  {count * microseconds:8.2f} µs {count / total:5.0%}  {place}"


class Sampler:
    """Samples the process while its ``with`` block runs."""

    def __enter__(self) -> Self:
        self._file = tempfile.TemporaryFile()
        faulthandler.register(signal.SIGPROF, self._file, all_threads=False)
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.unregister(signal.SIGPROF)
        self._file.seek(0)
        self._stacks = [_frames(stack) for stack in self._file.read().split(_STACK)[1:]]
        self._file.close()

    def report(self, seconds: float, events: int) -> str:
        """Return tables of microseconds per event, the busiest thread first.

        Args:
            seconds: The processor time that the samples stand for.
            events: The events that it was spent on.
        """
        stacks = [stack for stack in self._stacks if stack]
        weight = seconds / max(1, len(stacks)) / events * 1e6
        threads = Counter(_thread(stack) for stack in stacks)
        return "\n\n".join(
            self._of_thread(name, [stack for stack in stacks if _thread(stack) == name], weight)
            for name, _ in threads.most_common()
        )

    @staticmethod
    def _of_thread(name: str, stacks: list[list[_Frame]], weight: float) -> str:
        total = len(stacks)
        own = Counter(stack[0].function for stack in stacks)
        lines = Counter(stack[0].line for stack in stacks)
        within = Counter(function for stack in stacks for function in {frame.function for frame in stack})
        return "\n".join(
            (
                f"thread {name}: {total * weight:.2f} µs of processor time per event, {total:,} samples",
                *_table("own", own, total, weight),
                *_table("with what it calls", within, total, weight),
                *_table("lines", lines, total, weight),
            )
        )
