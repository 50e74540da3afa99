"""The README: its tables are the code's own, its commands CI's, its examples run."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from ports import free_port

from otel_segment import DropReason
from otel_segment._env import table
from otel_segment.cli import main
from otel_segment.inspector import LocalEndpoint
from otel_segment.instrumentation._settings import ROWS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
WEB = re.findall(r"^```python app\.py\n(.*?)^```\n```console\n\$ (.*?)\n```", README, re.DOTALL | re.MULTILINE)
DOCUMENTS = re.findall(r"^```yaml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def marked(name: str) -> str:
    """Return what stands between two marks."""
    found = re.search(rf"<!-- {name}: begin -->\n(.*?)<!-- {name}: end -->", README, re.DOTALL)
    assert found, f"the README has no place marked {name}"
    return found[1].strip()


@pytest.mark.parametrize(("name", "rows"), [("settings", table()), ("web settings", table(ROWS))])
def test_settings_table(name: str, rows: list[tuple[str, ...]]) -> None:
    """The tables of settings are the ones that the settings are read by."""
    head = ["| setting | environment variable | default | meaning |", "|---|---|---|---|"]
    expected = "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)])

    assert marked(name) == expected, f"the README should have:\n{expected}"


def test_reasons() -> None:
    """Every reason for a drop is named, in its order."""
    text = ", ".join(f"`{reason}`" for reason in DropReason) + "."

    assert marked("reasons") == textwrap.fill(text, 120, break_on_hyphens=False)


def test_metrics() -> None:
    """Every metric of the code is in the list, and no other."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "otel_segment").rglob("*.py"))
    names = set(re.findall(r'create_(?:\w+_)?(?:counter|histogram|gauge)\(\s*f?"([\w.{}]+)"', code))
    expected = {name.replace("{signal}", signal) for name in names for signal in ("log", "span")}
    listed = {
        name for row in marked("metrics").splitlines()[2:] for name in re.findall(r"`([\w.]+)`", row.split("|")[1])
    }

    assert listed == expected


def test_commands() -> None:
    """CI runs the command that the README gives for the tests."""
    demo, tests = marked("commands").splitlines()[1:-1]

    assert demo.endswith("otel-segment demo --once")
    assert f"({tests})" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_programs(program: str, tmp_path: Path) -> None:
    """Each example runs as it stands, says nothing on the standard error, and its calls arrive and are valid."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "SEGMENT_"))}
    with LocalEndpoint() as endpoint:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**inherited, "OTEL_EXPORTER_SEGMENT_ENDPOINT": endpoint.url, "SEGMENT_WRITE_KEY": "readme-key"},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert all(not event.problems for event in endpoint.received)
    assert len(endpoint.received) >= 1 or "SegmentServer" in program


def test_tests(tmp_path: Path) -> None:
    """The tests in it pass as they stand."""
    ((name, program),) = re.findall(r"^```python (test_\w+\.py)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    (tmp_path / name).write_text(program, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stdout


AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
PAGE = "/products/mug?utm_source=mail"
NAMES = {"flask": "/products/<product>", "django": "/products/<product>", "uvicorn app:app": "/products/{product}"}
"""What the page is named, by what is in the command; elsewhere by its path."""


def page_that_arrives(command: str, folder: Path) -> dict[str, Any]:
    """Serve ``app.py`` with the command of the README, look at a page as a person does, and return what arrives."""
    port = free_port()
    words = shlex.split(command)
    assigned = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    place = [f"127.0.0.1:{port}"] if "runserver" in words else ["--port", str(port)]
    if words[0] == "waitress-serve":
        place, words = [], [words[0], f"--listen=127.0.0.1:{port}", *words[1:]]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "SEGMENT_"))}
    chosen = dict(re.findall(r"(OTEL_\w+_EXPORTER)=(\w+)", README[README.index("## Auto-instrument") :][:1_000]))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with LocalEndpoint(write_key="readme-key") as endpoint, (folder / "complaints").open("wb") as complaints:
        settings = {"OTEL_EXPORTER_SEGMENT_ENDPOINT": endpoint.url, "SEGMENT_WRITE_KEY": "readme-key", "PATH": path}
        server = subprocess.Popen(
            [*words[len(assigned) :], *place],
            cwd=folder,
            env={**inherited, **chosen, **settings, **assigned, "PYTHONPATH": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
        try:
            look_at(f"http://127.0.0.1:{port}{PAGE}")
            assert endpoint.received.wait_for(len, timeout=30), (folder / "complaints").read_text()
        finally:
            server.terminate()
            server.wait(timeout=30)
        (event,) = endpoint.received
    assert not event.problems
    shown = json.dumps(event.message).replace(f"127.0.0.1:{port}", "127.0.0.1:8000").replace(AGENT, "Mozilla/5.0 …")
    message: dict[str, Any] = json.loads(shown)
    return message


def look_at(url: str) -> None:
    """Ask for a page until its server is there."""
    deadline = time.monotonic() + 60
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update({"User-Agent": AGENT, "Accept-Language": "de-DE,de;q=0.9"})
        while not is_served(url) and time.monotonic() < deadline:
            time.sleep(0.05)
        answer = session.get(url, timeout=30)
    assert (answer.status_code, "Blue mug" in answer.text) == (200, True)


def is_served(url: str) -> bool:
    """Tell whether there is somebody at an address."""
    where = urlsplit(url)
    with socket.socket() as connection:
        return connection.connect_ex((where.hostname, where.port)) == 0


@pytest.mark.parametrize(("program", "command"), WEB, ids=[command.split()[-1] for _, command in WEB])
def test_web_frameworks(program: str, command: str, tmp_path: Path) -> None:
    """Each quick start is ten lines at most, and gives the page that the README shows."""
    for module in re.findall(r"^from (flask|django|fastapi)\b", program, re.MULTILINE):
        pytest.importorskip(module)
    (tmp_path / "app.py").write_text(program, encoding="utf-8")
    (shown,) = re.findall(r"^```json\n(.*?)^```", marked("page example") + "\n", re.DOTALL | re.MULTILINE)
    expected = json.loads(shown)
    name = next((name for part, name in NAMES.items() if part in command and "middleware" not in program.lower()), None)
    expected["name"] = expected["properties"]["name"] = name or "/products/mug"

    page = page_that_arrives(command, tmp_path)

    context = {key: value for key, value in page["context"].items() if key not in {"app", "library", "trace"}}
    told = {key: value for key, value in page.items() if key not in {"anonymousId", "messageId", "timestamp"}}
    assert {**told, "context": context} == expected
    assert len([line for line in program.splitlines() if line.strip()]) <= 10


def test_web_frameworks_are_all_there() -> None:
    """There is a quick start for each framework, and for what has none."""
    assert len(WEB) == 5


@pytest.mark.parametrize("text", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_documents(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each configuration file is one that its reader takes."""
    path = tmp_path / "document.yaml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("SEGMENT_WRITE_KEY", "readme-key")
    if "file_format" in text:
        configuration = pytest.importorskip("opentelemetry.configuration")
        loaded: Any = configuration.load_config_file(str(path))
        assert len(loaded.logger_provider.processors) == 1
    else:
        with LocalEndpoint() as endpoint:
            program = (
                "import sys; import otel_segment\n"
                "otel_segment.configure(mapping=sys.argv[1])\n"
                "otel_segment.analytics.track('u', 'health check')\n"
                "print(*otel_segment.stats().dropped)"
            )
            monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_ENDPOINT", endpoint.url)
            done = subprocess.run(
                [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=180, check=False
            )
        assert (done.stdout, done.stderr) == ("ignored_by_rule\n", "")


def mapping_example() -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """Return the README's mapping, an event's attributes, and the calls that are to come of it."""
    document = next(text for text in DOCUMENTS if "cart.checkout.done" in text)
    event, calls = re.findall(r"^```json\n(.*?)^```", marked("mapping example") + "\n", re.DOTALL | re.MULTILINE)
    found, decoder, position = [], json.JSONDecoder(), 0
    while position < len(calls.rstrip()):
        call, end = decoder.raw_decode(calls, position)
        found.append(call)
        position = end + 1
    return document, json.loads(event), found


def test_mapping_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The mapping makes of the event the calls that the README shows."""
    document, attributes, calls = mapping_example()
    (tmp_path / "mapping.yaml").write_text(document, encoding="utf-8")
    event = {"event_name": "cart.checkout.done", "timestamp": "2026-01-02T03:04:05Z", "attributes": attributes}
    (tmp_path / "events.jsonl").write_text(json.dumps(event), encoding="utf-8")

    code = main(["mapping", "test", str(tmp_path / "mapping.yaml"), str(tmp_path / "events.jsonl"), "--json"])

    payloads = json.loads(capsys.readouterr().out)["payloads"]
    kept = [{k: v for k, v in each.items() if k not in {"context", "timestamp", "messageId"}} for each in payloads]
    assert (code, kept) == (0, calls)


def test_excerpt() -> None:
    """The mapping of the README is taken from the shop's, but for what it says of it."""
    shop = (ROOT / "otel_segment" / "demo" / "shop" / "mapping.yaml").read_text(encoding="utf-8").splitlines()
    known = {line.partition("  #")[0].rstrip() for line in shop}

    assert {line.partition("  #")[0].rstrip() for line in mapping_example()[0].splitlines()} - known == {
        "      products:"
    }


def anchors(text: str) -> set[str]:
    """Return what can be linked to in a page: its headings, in the form that links have."""
    return {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }


def test_links() -> None:
    """Links within the repository lead somewhere."""
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", README):
        file, _, anchor = target.partition("#")
        if target.startswith("http"):
            continue
        page = ROOT / (file or "README.md")
        if not page.exists() or (anchor and anchor not in anchors(page.read_text(encoding="utf-8"))):
            wrong.append(target)

    assert wrong == []
