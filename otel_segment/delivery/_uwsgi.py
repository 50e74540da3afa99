"""What uWSGI does to threads: before 2.0.27 it lets none run beside a request, unless it is told to."""

import logging
import re
import sys
from collections.abc import Mapping

from otel_segment._log import say_once

__all__ = ["warn_where_threads_stand_still"]

_THREADS_BY_DEFAULT = (2, 0, 27)
_OFF = frozenset({"", "0", "false", "no", "off", "none"})


def warn_where_threads_stand_still() -> None:
    """Say once where a server stops our threads whenever it waits for a request.

    They are started all the same: they get on while requests are handled, and when the process ends.
    """
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and not _threads_run(getattr(uwsgi, "version", b""), getattr(uwsgi, "opt", {})):
        say_once(
            "uwsgi",
            logging.WARNING,
            "uWSGI runs without thread support: events leave only while requests are handled, and when a worker ends; "
            "those emitted before it forks, never. Set its option enable-threads (--enable-threads)",
        )


def _threads_run(version: str | bytes, options: Mapping[str, object]) -> bool:
    numbers = tuple(map(int, re.findall(r"\d+", _text(version))))[:3]
    return (
        numbers >= _THREADS_BY_DEFAULT
        or "threads" in options
        or _text(options.get("enable-threads", "")).lower() not in _OFF
    )


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
