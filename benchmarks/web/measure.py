"""The sites of one framework, asked in turn for the same page."""

import contextlib
import importlib.util
import statistics
import time
from dataclasses import dataclass, field

from benchmarks.processes import Missing, Sink, spawning_on
from benchmarks.web.client import Client
from benchmarks.web.frameworks import FRAMEWORKS
from benchmarks.web.server import Server
from benchmarks.web.variants import VARIANTS

__all__ = ["measure"]

_OTLP = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


@dataclass
class _Turns:
    """What one server did whenever it was its turn."""

    client: Client
    per_second: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    asked: int = 0

    def take(self, seconds: float) -> None:
        """Ask for pages until the time is over and all that came of them is delivered."""
        cpu, wall = self.client.settled(), time.perf_counter_ns()
        pages = self.client.ask(seconds)
        cpu, wall = self.client.settled() - cpu, time.perf_counter_ns() - wall
        self.asked += pages
        self.per_second.append(pages / wall * 1e9)
        self.cpu_us.append(cpu / pages / 1e3)
        self.busy.append(cpu / wall)


def measure(name: str, turns: int, seconds: float) -> dict[str, float]:
    """Serve a page as it is, with otel_segment and with tracing, all from fresh processes.

    Args:
        name: A key of ``FRAMEWORKS``.
        turns: How often each has its turn.
        seconds: How long a turn is; a warm-up takes half of it.

    Raises:
        Missing: The framework or its server is not installed.
    """
    variants = _variants(name)
    with Sink() as sink, contextlib.ExitStack() as running:
        servers = {variant: running.enter_context(Server(name, variant, sink.endpoint)) for variant in variants}
        for server in servers.values():
            running.callback(server.stop)
        running.enter_context(spawning_on(1))
        taken: dict[str, _Turns] = {}
        for variant, server in servers.items():
            server.wait()
            taken[variant] = _Turns(running.enter_context(Client(server.port)))
            taken[variant].client.settled()
        for variant in variants:
            taken[variant].take(seconds / 2)
        before = sink.counts()["events"], _emitted(taken)
        for number in range(turns):
            for variant in variants[:: -1 if number % 2 else 1]:
                taken[variant].take(seconds)
        lost = _emitted(taken) - before[1] - (sink.counts()["events"] - before[0])
    return _figures(taken) | {"lost": lost}


def _emitted(taken: dict[str, _Turns]) -> int:
    return sum(taken[variant].asked for variant in ("event", "ours"))


def _variants(name: str) -> list[str]:
    framework = FRAMEWORKS[name]
    for module in (framework.server, *framework.needs):
        if not _is_there(module):
            message = f"there is no {module}"
            raise Missing(message)
    traced = _is_there(framework.contrib.partition(":")[0])
    able = {"contrib": traced and _is_there(_OTLP), "silent": traced}
    return [variant for variant in VARIANTS if able.get(variant, True)]


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _figures(taken: dict[str, _Turns]) -> dict[str, float]:
    """Leave out the first turn of each, which was the warm-up."""
    bare, ours = taken["bare"], taken["ours"]
    cpu = {variant: statistics.median(turns.cpu_us[1:]) for variant, turns in taken.items()}
    rates = {f"{variant}_per_second": statistics.median(turns.per_second[1:]) for variant, turns in taken.items()}
    added = {variant: spent - cpu["bare"] for variant, spent in cpu.items() if variant != "bare"}
    return {
        **rates,
        "bare_us": cpu["bare"],
        **{f"{variant}_added_us": more for variant, more in added.items()},
        "against_bare": statistics.median(
            mine / other for mine, other in zip(ours.per_second[1:], bare.per_second[1:], strict=True)
        ),
        **{
            f"{least}_against_bare": statistics.median(
                some / other for some, other in zip(taken[least].per_second[1:], bare.per_second[1:], strict=True)
            )
            for least in ("record", "event")
        },
        "cpu_against_bare": cpu["ours"] / cpu["bare"],
        **{f"added_against_{other}": added["ours"] / added[other] for other in ("contrib", "silent") if other in added},
        "busy": min(statistics.median(turns.busy[1:]) for turns in taken.values()),
    }
