"""The spool: its folder, its database, and what waits in it."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from otel_segment.cli.doctor._dead_letter import nearest, why_not_writable
from otel_segment.cli.doctor._deadline import Deadline
from otel_segment.cli.doctor._findings import Finding, broken, fine, unknown, warning
from otel_segment.cli.doctor._setups import Setup
from otel_segment.settings import Settings
from otel_segment.spool import Destination, Examination, SpoolError, examine, has_spool, lacking_room

__all__ = ["check_spool"]

_VARIABLE = "OTEL_EXPORTER_SEGMENT_SPOOL"
_NEARLY = 0.9
_LOOK = 4.0
_HOUR = 3_600


def check_spool(setup: Setup, deadline: Deadline) -> Iterator[Finding]:
    """Look at the spool, and change nothing in it."""
    given, source = setup.reading("spool").value, setup.source("spool")
    if given is None:
        if not setup.reading("spool").problem:
            yield fine("none: what waits is in memory, and is lost with the process", source)
        return
    folder = Path(given)
    if problem := why_not_writable(folder):
        what = f"the spool {folder} cannot be written: {problem}; events are delivered from memory alone"
        cure = f"make {folder} writable for this user, or set {_VARIABLE} to a folder of a disk that is"
        yield broken(what, cure, source)
    else:
        yield fine(
            f"{folder} can be written" + ("" if folder.exists() else ", and is made with the first event"), source
        )
    if not has_spool(folder):
        yield fine("there is no spool in it as yet", source)
        yield from _room(folder, lacking_room(nearest(folder)), source)
        return
    try:
        seen = examine(folder, deadline.at_most(_LOOK))
    except SpoolError as error:
        yield broken(f"the spool cannot be used: {error}", f"set {_VARIABLE} to another folder", source)
        return
    yield from _database(folder, seen, setup)
    if not seen.damage:
        yield from _contents(folder, seen, setup.settings)


def _database(folder: Path, seen: Examination, setup: Setup) -> Iterator[Finding]:
    source = setup.source("spool")
    if seen.damage:
        what = f"the spool's database is damaged ({seen.damage}); the next process sets it aside and begins a fresh one"
        yield broken(what, f"afterwards: otel-segment spool recover {folder}/spool.db.damaged-...", source)
    else:
        whole = "" if seen.is_whole else "; it is large, and was not looked at to its end"
        yield fine(f"{_size(seen.size)}, schema {seen.version} of {seen.newest}{whole}", source)
    for path in seen.aside:
        what = f"{path} was damaged and set aside; events may be in it"
        yield warning(what, f"otel-segment spool recover {path}, then delete it", source)
    bound = setup.reading("spool_max_bytes").value
    if bound and seen.size > _NEARLY * bound:
        what = f"the spool is nearly full: {_size(seen.size)} of {_size(bound)}; then the newest events are dropped"
        yield warning(what, "find out why nothing is delivered, or set OTEL_EXPORTER_SEGMENT_SPOOL_MAX_BYTES", source)
    yield from _room(folder, seen.lacking, source)
    if seen.users is None:
        yield unknown("which processes use it cannot be seen", source)
    elif seen.users:
        yield fine("in use by the process " + ", ".join(map(str, seen.users)), source)
    else:
        yield fine("no running process uses it", source)


def _room(folder: Path, lacking: int, source: str) -> Iterator[Finding]:
    if lacking:
        free = _size(shutil.disk_usage(nearest(folder)).free)
        what = f"the disk is nearly full ({free} are free): nothing is written to the spool"
        yield broken(what, f"free {_size(lacking)} on the disk of {folder}", source)


def _contents(folder: Path, seen: Examination, settings: Settings | None) -> Iterator[Finding]:
    if not seen.waiting:
        yield fine("nothing waits in it", str(folder))
    for waiting in seen.waiting:
        age = max(0.0, time.time() - waiting.oldest)
        what = f"{waiting.events:,} event(s) wait for {waiting.url}, source {waiting.hint}, the oldest for {_age(age)}"
        own = None if settings is None else Destination.of(settings.url, settings.write_key).source
        if own is not None and waiting.source != own:
            cure = f"where that key was wrong: otel-segment spool drain --source {waiting.source}"
            yield warning(
                f"{what}: another write key than the one that is set, so nobody here sends them", cure, str(folder)
            )
        elif not seen.users:
            cure = "start the application, or send them now: otel-segment spool drain"
            yield warning(f"{what}, and no process is there to send them", cure, str(folder))
        elif age > _HOUR:
            yield warning(
                f"{what}: they are not delivered", "see below why not, and otel-segment spool ls", str(folder)
            )
        else:
            yield fine(what, str(folder))


def _size(number: float) -> str:
    return f"{number / 2**20:,.1f} MiB"


def _age(seconds: float) -> str:
    for length, unit in ((24 * _HOUR, "days"), (_HOUR, "hours"), (60, "minutes")):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"
