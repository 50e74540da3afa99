"""Faults as they are written: ``status=503,retry_after=5,share=0.1``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from otel_segment.inspector.live._durations import duration, share

__all__ = ["Fault", "FaultError", "parse_fault", "parse_faults"]

_LONGEST_SECONDS: Final = 3_600.0


class FaultError(ValueError):
    """A fault that cannot be had; says which part of it is wrong, and what would be right."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        text: The fault as it was written.
        status: The status to answer with; ``None`` for none.
        retry_after: The seconds to ask for in ``Retry-After``; ``None`` for none.
        latency: Seconds to wait before anything else is done.
        reset: Whether to reset the connection instead of answering.
        outage: For how many seconds, from when it is switched on, there is the fault; ``None`` for ever.
        share: The share of the requests that have the fault.
    """

    text: str
    status: int | None = None
    retry_after: int | None = None
    latency: float = 0.0
    reset: bool = False
    outage: float | None = None
    share: float = 1.0


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Read faults with semicolons in between.

    Raises:
        FaultError: If one is wrong.
    """
    return tuple(parse_fault(part) for part in text.split(";") if part.strip())


def parse_fault(text: str) -> Fault:
    """Read one fault.

    Raises:
        FaultError: If it is wrong.
    """
    parts: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, value = map(str.strip, part.partition("="))
        if name not in _PARTS:
            raise _wrong(part, f"there is no {name or 'such part'}; use {', '.join(_PARTS)}")
        if name in parts:
            raise _wrong(part, f"{name} is given twice; write a fault of its own for the second")
        parts[name] = value
    values = {name: _PARTS[name](f"{name}={value}", value) for name, value in parts.items()}
    if isinstance(values.get("reset"), float):
        if "share" in values:
            raise _wrong("reset=" + parts["reset"], "the share is given twice; write reset and share=0.1")
        values["share"] = values.pop("reset")
        values["reset"] = 1.0
    _check(text.strip(), values)
    return _fault(", ".join(f"{name}={value}" if value else name for name, value in parts.items()), values)


def _check(text: str, values: Mapping[str, float | None]) -> None:
    if "status" in values and "reset" in values:
        raise _wrong(text, "a connection is answered or reset; write a fault for each, with a share")
    if "retry_after" in values and "status" not in values:
        raise _wrong(text, "retry_after needs a status to go with, as in status=429,retry_after=5")
    if not values.keys() & {"status", "latency", "reset", "outage"}:
        raise _wrong(text, "it says nothing that happens; add status=503, latency=200ms, reset or outage=10s")


def _fault(text: str, values: Mapping[str, float | None]) -> Fault:
    status, retry_after = values.get("status"), values.get("retry_after")
    outage = values.get("outage")
    return Fault(
        text.replace(" ", ""),
        None if status is None else int(status),
        None if retry_after is None else int(retry_after),
        values.get("latency") or 0.0,
        # An outage that says nothing else is of the worst kind.
        "reset" in values or (outage is not None and not values.keys() & {"status", "latency"}),
        outage,
        values.get("share") or 1.0,
    )


def _status(part: str, value: str) -> float:
    if not (value.isascii() and value.isdigit() and len(value) == 3 and 200 <= int(value) <= 599):  # noqa: PLR2004
        raise _wrong(part, "a status is a number from 200 to 599, as in status=503")
    return int(value)


def _seconds(part: str, value: str) -> float:
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) <= _LONGEST_SECONDS):  # noqa: PLR2004
        raise _wrong(part, "whole seconds up to 3600 are needed, as in retry_after=5")
    return int(value)


def _latency(part: str, value: str) -> float:
    seconds = duration(value)
    if seconds is None or seconds > _LONGEST_SECONDS:
        raise _wrong(part, "a time up to 1h is needed, as in latency=200ms or latency=1.5s")
    return seconds


def _outage(part: str, value: str) -> float:
    seconds = duration(value)
    if not seconds or seconds > _LONGEST_SECONDS:
        raise _wrong(part, "a time up to 1h is needed, as in outage=10s")
    return seconds


def _share(part: str, value: str) -> float:
    number = share(value)
    if number is None:
        raise _wrong(part, "a share is more than 0 and at most 1, as in share=0.1 or share=10%")
    return number


def _reset(part: str, value: str) -> float | None:
    if not value or value in {"yes", "true"}:
        return None
    number = share(value)
    if number is None:
        raise _wrong(part, "write reset for every connection, or the share of them, as in reset=0.1")
    return number


_PARTS: Final[Mapping[str, Callable[[str, str], float | None]]] = {
    "status": _status,
    "retry_after": _seconds,
    "latency": _latency,
    "reset": _reset,
    "outage": _outage,
    "share": _share,
}


def _wrong(part: str, cure: str) -> FaultError:
    return FaultError(f"fault {part!r}: {cure}")
