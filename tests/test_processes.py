"""Any process model: what is emitted arrives, once, whatever the processes and threads that it is emitted in."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from running import KEY, Numbered, Server, arrived, emitted, environment, instrumented, run

from otel_segment.inspector import Action, Answer, IncomingRequest, LocalEndpoint, Wait

DOORS = ("processor", "exporter")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


@needs_fork
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("before_any_emit", emitted({"parent": 20, "child": 20})),
        ("while_events_wait", emitted({"parent": 40, "child": 20, "second child": 20})),
        ("twice", emitted({"parent": 20, "child": 20, "grandchild": 20})),
        ("to_its_end", emitted({"parent": 20, "child": 20})),
    ],
)
def test_fork(door: str, moment: str, expected: Numbered) -> None:
    """A forked process delivers its own events, and leaves what its parent had queued to the parent."""
    with LocalEndpoint() as endpoint:
        ended = run("forking.py", moment, env=environment(endpoint.url, DOOR=door))
        assert (ended.returncode, ended.stderr) == (0, "")
        assert arrived(endpoint) == expected


@needs_fork
@pytest.mark.parametrize("door", DOORS)
def test_fork_under_gevent(door: str) -> None:
    """The green threads that gevent takes along to a forked process do not send what the parent had queued."""
    pytest.importorskip("gevent")
    with LocalEndpoint() as endpoint:
        variables = {"OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL": "0.2", "OTEL_BLRP_SCHEDULE_DELAY": "200"}
        ended = run("greenlets.py", env=environment(endpoint.url, DOOR=door, **variables))
        assert (ended.returncode, ended.stderr) == (0, "")
        assert arrived(endpoint) == emitted({"parent": 20, "child": 20})


@needs_fork
@pytest.mark.parametrize("door", DOORS)
def test_fork_during_a_request(door: str) -> None:
    """A process that is forked while a request is under way neither sends that again nor waits for it."""
    child_was_here = threading.Event()

    def hold_parent(request: IncomingRequest) -> None:
        if request.messages[0]["properties"]["from"] == "child":
            child_was_here.set()
        else:
            assert child_was_here.wait(30)

    with LocalEndpoint() as endpoint:
        endpoint.behave(hold_parent)
        variables = {"DOOR": door, "OTEL_BLRP_SCHEDULE_DELAY": "100", "OTEL_EXPORTER_SEGMENT_TIMEOUT": "60"}
        ended = run("forking.py", "during_a_request", env=environment(endpoint.url, **variables))
        assert (ended.returncode, ended.stderr) == (0, "")
        assert arrived(endpoint) == emitted({"parent": 20, "child": 20})


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("threads", emitted({f"thread {number}": 250 for number in range(16)})),
        ("tasks", emitted({f"task {number}": 20 for number in range(200)})),
    ],
)
def test_concurrent_emits(door: str, how: str, expected: Numbered) -> None:
    """Threads and tasks that emit at the same time lose nothing, up to the end of the last one."""
    with LocalEndpoint() as endpoint:
        ended = run(
            "concurrent_emits.py", how, env=environment(endpoint.url, DOOR=door, OTEL_BLRP_MAX_QUEUE_SIZE="8192")
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert arrived(endpoint) == expected


METHODS = ["spawn", pytest.param("fork", marks=needs_fork), pytest.param("forkserver", marks=needs_fork)]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("method", METHODS)
def test_multiprocessing(door: str, method: str) -> None:
    """Processes of multiprocessing that just return deliver what they emitted."""
    with LocalEndpoint() as endpoint:
        ended = run("multiple.py", "processes", method, env=environment(endpoint.url, DOOR=door))
        assert (ended.returncode, ended.stderr) == (0, "")
        assert arrived(endpoint) == emitted({"parent": 20, "child 0": 20, "child 1": 20})


@pytest.mark.parametrize("method", METHODS)
def test_process_pool(method: str) -> None:
    """The processes of a pool deliver what their tasks emitted."""
    with LocalEndpoint() as endpoint:
        ended = run("multiple.py", "executor", method, env=environment(endpoint.url, DOOR="processor"))
        assert (ended.returncode, ended.stderr) == (0, "")
        assert arrived(endpoint) == emitted({"parent": 20, **{f"task {number}": 20 for number in range(4)}})


@needs_fork
@pytest.mark.parametrize(
    ("worker", "door"), [("sync", "processor"), ("sync", "exporter"), ("gthread", "processor"), ("gevent", "processor")]
)
def test_gunicorn_that_forks_after_import(worker: str, door: str, tmp_path: Path) -> None:
    """The master and the workers of ``gunicorn --preload`` deliver what each of them emitted, up to SIGTERM."""
    pytest.importorskip("gunicorn")
    if worker == "gevent":
        pytest.importorskip("gevent")
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers=4", f"--worker-class={worker}"]
    with LocalEndpoint() as endpoint:
        env = environment(endpoint.url, DOOR=door, HOME=str(tmp_path))
        with Server(*command, "--bind=127.0.0.1:{port}", "wsgi:application", env=env) as server:
            server.ask_all(4)
            if worker == "gevent":
                # To look up a host, gevent needs a thread, and Python 3.12 starts none when a process is ending.
                assert endpoint.received.wait_for(lambda _: workers(endpoint) >= server.workers, 30)
                server.ask_all(4, least=len(server.answers) + 40)
        assert arrived(endpoint) == emitted({"import": 5}) + Counter(server.answers), server.output


def workers(endpoint: LocalEndpoint) -> set[str]:
    """Return where the events that have arrived are from."""
    return {place for place, _ in arrived(endpoint)}


@pytest.mark.parametrize("door", DOORS)
def test_uvicorn_with_workers(door: str) -> None:
    """Each worker of uvicorn delivers what it emitted, where the application flushes when it is shut down."""
    pytest.importorskip("uvicorn")
    command = [sys.executable, "-m", "uvicorn", "--workers=2", "--timeout-worker-healthcheck=120", "--port={port}"]
    command.append("asgi:application")
    with LocalEndpoint() as endpoint:
        with Server(*command, env=environment(endpoint.url, DOOR=door)) as server:
            server.ask_all(2)
        assert arrived(endpoint) == Counter(server.answers), server.output


@needs_fork
@pytest.mark.parametrize("door", DOORS)
def test_uwsgi_that_forks_after_import(door: str) -> None:
    """A master of uWSGI, which forks without Python's hooks, and its workers deliver what each of them emitted."""
    uwsgi = Path(sys.executable).with_name("uwsgi")
    if not uwsgi.exists():
        pytest.skip("needs uwsgi")
    options = ["--master", "--processes=2", "--enable-threads", "--need-app", f"--home={sys.prefix}"]
    # A worker that is still busy when uWSGI just kills it runs no exit handlers.
    patient = "--hook-master-start=unix_signal:15 gracefully_kill_them_all"
    command = [str(uwsgi), "--http-socket=127.0.0.1:{port}", "--module=wsgi", *options, patient]
    with LocalEndpoint() as endpoint:
        env = environment(endpoint.url, DOOR=door, OTEL_BLRP_SCHEDULE_DELAY="1000")
        with Server(*command, env=env) as server:
            # The master runs no exit handlers.
            assert endpoint.received.wait_for(lambda seen: len(seen) == 5, 30)
            server.ask_all(2)
        assert arrived(endpoint) == emitted({"import": 5}) + Counter(server.answers), server.output


@pytest.mark.parametrize(
    ("version", "options", "is_warned"),
    [
        ("2.0.26", {}, True),
        ("2.0.26", {"enable-threads": "false"}, True),
        ("2.0.26", {"enable-threads": True}, False),
        ("2.0.26", {"threads": "2"}, False),
        ("2.0.27", {}, False),
        ("2.1-dev-1a2b3c", {}, False),
    ],
)
def test_uwsgi_without_threads(version: str, options: dict[str, Any], is_warned: bool) -> None:
    """Where uWSGI lets no threads run, one line names the option, and what was emitted arrives at the end."""
    with LocalEndpoint() as endpoint:
        env = environment(endpoint.url, DOOR="processor")
        ended = run("stopped_threads.py", version, json.dumps(options), env=env)
        assert [line.count("--enable-threads") for line in ended.stderr.splitlines()] == [1] * is_warned
        assert arrived(endpoint) == emitted({"first": 1, "second": 1})


def burst(endpoint: str, door: str, events: int, rate: float = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program that emits and ends without a flush; the exporter is chosen by name, with a queue that suffices."""
    if door == "processor":
        return run("burst.py", str(events), str(rate), env=_unmeasured(environment(endpoint, DOOR=door, **variables)))
    chosen = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS")} | {"OTEL_LOGS_EXPORTER": "segment"}
    return instrumented(
        "burst.py", str(events), str(rate), env=_unmeasured(environment(endpoint, **chosen, **variables))
    )


def _unmeasured(env: dict[str, str]) -> dict[str, str]:
    """Leave out what measures coverage, beside which so many events take a minute."""
    return {name: value for name, value in env.items() if not name.startswith("COVERAGE_")}


@pytest.mark.parametrize("door", DOORS)
def test_burst_at_the_end_of_a_process(door: str) -> None:
    """A program that emits 50,000 events as fast as it can, and ends, delivers them all."""
    with LocalEndpoint() as endpoint:
        # As long as a slow machine needs: how long the end may take is for other tests.
        patience = dict.fromkeys(("OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT", "OTEL_EXPORTER_SEGMENT_TIMEOUT"), "50")
        ended = burst(endpoint.url, door, 50_000, OTEL_BLRP_MAX_QUEUE_SIZE="65536", **patience)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert arrived(endpoint) == emitted({"burst": 50_000})


@pytest.mark.parametrize(
    ("door", "fault"),
    [
        pytest.param("processor", None, id="processor-refused"),
        pytest.param("exporter", None, id="exporter-refused"),
        pytest.param("exporter", Answer(503), id="exporter-answers 503"),
        pytest.param("exporter", Wait(600), id="exporter-no answer"),
    ],
)
def test_burst_without_an_endpoint(door: str, fault: Action) -> None:
    """A program that cannot deliver ends all the same, and says how many events are lost."""
    with LocalEndpoint() as endpoint:
        endpoint.behave(lambda _: fault)
        if fault is None:
            endpoint.close()
        variables = {"OTEL_BLRP_MAX_QUEUE_SIZE": "65536", "OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT": "1"}
        ended = burst(endpoint.url, door, 20_000, **variables)
        assert ended.returncode == 0
        assert "20000 event(s) not delivered" in ended.stderr
        assert KEY not in ended.stderr


@pytest.mark.parametrize("door", DOORS)
def test_steady_rate_with_slow_answers(door: str) -> None:
    """At 3,000 events a second and answers after 100 ms, default settings lose nothing."""
    with LocalEndpoint() as endpoint:
        endpoint.behave(lambda _: 0.1)
        ended = burst(endpoint.url, door, 9_000, rate=3_000)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert arrived(endpoint) == emitted({"burst": 9_000})
