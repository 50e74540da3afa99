"""Servers that SIGTERM ends: what their processes emitted arrives, now or later, or is counted and said."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from running import APPS, Numbered, Server, emitted, environment, run
from trials import (
    Site,
    Variant,
    arrived,
    at_both_doors,
    deliver_the_rest,
    judge,
    not_delivered,
    record,
    with_and_without_spool,
)

EACH = 25
"""Events with each request."""
TASKS = 60
TASK_EVENTS = 20
# Nothing leaves by itself: what arrives does so because a process ends. The end has little time for what cannot.
PATIENT = {
    "OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL": "60",
    "OTEL_BLRP_SCHEDULE_DELAY": "60000",
    "OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT": "2",
    "LAST_FLUSH": "0.2",
    "EACH": str(EACH),
}

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

Ran = tuple[Numbered, str]
"""What a server's processes emitted, and what they wrote."""


def gunicorn(env: dict[str, str], _: Path) -> Ran:
    """Run gunicorn, with an application that is imported before it forks."""
    pytest.importorskip("gunicorn")
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers=2", "--bind=127.0.0.1:{port}"]
    return serve(*command, "wsgi:application", env=env, imported=5)


def uvicorn(env: dict[str, str], _: Path) -> Ran:
    """Run uvicorn, with an application that ends the exporters when it is shut down."""
    pytest.importorskip("uvicorn")
    # It kills a worker that takes longer to begin.
    options = ("--workers=2", "--timeout-worker-healthcheck=120", "--port={port}")
    return serve(sys.executable, "-m", "uvicorn", *options, "asgi:application", env=env)


def serve(*command: str, env: dict[str, str], imported: int = 0) -> Ran:
    """Ask a web server a number of times, and end it."""
    with Server(*command, env=env) as server:
        server.ask_all(2)
    numbers = ((place, request * EACH + number) for place, request in server.answers for number in range(EACH))
    return emitted({"import": imported}) + Counter(numbers), server.output


def celery(env: dict[str, str], folder: Path) -> Ran:
    """Run a worker of Celery with two processes until it has done its tasks."""
    pytest.importorskip("celery")
    for name in ("queue", "control", "done"):
        (folder / name).mkdir(parents=True)
    env |= {"BROKER_FOLDER": str(folder), "PYTHONPATH": os.pathsep.join([str(APPS), env.get("PYTHONPATH", "")])}
    assert run("tasks.py", str(TASKS), env=env).returncode == 0
    options = ["--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "--app=tasks", "worker", *options],
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(list((folder / "done").iterdir())) < TASKS and worker.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.terminate()
    output, _ = worker.communicate(timeout=60)
    return emitted({f"task {number}": TASK_EVENTS for number in range(TASKS)}), output


SERVERS = {"gunicorn": gunicorn, "uvicorn": uvicorn, "celery": celery}


@needs_fork
@with_and_without_spool
@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("name", SERVERS)
def test_sigterm(tmp_path: Path, name: str, is_up: bool, has_spool: bool) -> None:
    """Each process of a server delivers what it has when SIGTERM ends it; else it is in the spool, or said."""
    server: Callable[[dict[str, str], Path], Ran] = SERVERS[name]

    def attempt(variant: Variant) -> None:
        with Site(is_open=is_up) as site:
            env = environment(site.url, **(variant.variables(tmp_path) | PATIENT), HOME=str(tmp_path))
            expected, output = server(env, tmp_path / f"{name}-{variant.door}")
            if not is_up:
                site.open()
                deliver_the_rest(site, tmp_path, variant, expected.total())
            here = arrived(site)
            outcome = judge(site, 0)._replace(lost=(expected - here).total())
        said = not_delivered(output)
        record(f"SIGTERM under {name}, endpoint {'up' if is_up else 'down'}", variant, outcome, said=said)
        assert expected.total() >= 1_000
        if is_up or has_spool:
            assert (here, said) == (expected, 0), output
        else:
            assert said == expected.total(), output

    at_both_doors(attempt, has_spool=has_spool)


@pytest.mark.parametrize("method", ["spawn", pytest.param("fork", marks=needs_fork)])
def test_processes_of_multiprocessing(tmp_path: Path, method: str) -> None:
    """Processes of multiprocessing that end while nothing can be delivered leave it in the spool."""
    expected = emitted({"parent": 20, "child 0": 20, "child 1": 20})

    def attempt(variant: Variant) -> None:
        with Site(is_open=False) as site:
            env = environment(site.url, **(variant.variables(tmp_path) | PATIENT))
            ended = run("multiple.py", "processes", method, env=env)
            assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
            site.open()
            deliver_the_rest(site, tmp_path, variant, expected.total())
            here = arrived(site)
            outcome = judge(site, 0)._replace(lost=(expected - here).total())
        record(f"multiprocessing, {method}, endpoint down", variant, outcome)
        assert here == expected

    at_both_doors(attempt, has_spool=True)


@needs_fork
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("while_events_wait", emitted({"parent": 40, "child": 20, "second child": 20})),
        ("during_a_request", emitted({"parent": 20, "child": 20})),
        ("twice", emitted({"parent": 20, "child": 20, "grandchild": 20})),
        ("to_its_end", emitted({"parent": 20, "child": 20})),
    ],
)
def test_fork_with_a_spool(tmp_path: Path, moment: str, expected: Numbered) -> None:
    """A forked process takes nothing of the spool that its parent has in hand, and nothing that SQLite opened."""

    def attempt(variant: Variant) -> None:
        with Site(lambda _: 0.5) as site:
            ended = run("forking.py", moment, env=environment(site.url, **variant.variables(tmp_path)))
            assert (ended.returncode, ended.stderr) == (0, "")
            assert arrived(site) == expected
            outcome = judge(site, 0)
        record(f"os.fork {moment.replace('_', ' ')}", variant, outcome)

    at_both_doors(attempt, has_spool=True)
