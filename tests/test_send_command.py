"""``otel-segment send``: one call through the real exporter, against a real server."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from running import KEY, environment

from otel_segment import DropReason, _log
from otel_segment._env import resolve
from otel_segment.cli import main
from otel_segment.cli.send import _outcome
from otel_segment.cli.send._told import lines
from otel_segment.inspector import Answer, LocalEndpoint

WHO = ("--user-id", "u-1")

Send = Callable[..., int]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    """Return an endpoint."""
    with LocalEndpoint(write_key=KEY) as running:
        yield running


@pytest.fixture
def send(endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Run the command in an environment that leads to the endpoint."""
    endpoint.received.clear()
    wanted = environment(endpoint.url)
    for name in set(os.environ) - wanted.keys():
        monkeypatch.delenv(name)
    for name in ("SEGMENT_WRITE_KEY", "OTEL_EXPORTER_SEGMENT_ENDPOINT"):
        monkeypatch.setenv(name, wanted[name])
    return lambda *arguments: main(["send", *arguments])


def messages(endpoint: LocalEndpoint) -> list[dict[str, Any]]:
    """Return what has arrived."""
    return [received.message for received in endpoint.received.after(0, 0)]


def test_delivered(endpoint: LocalEndpoint, send: Send, capsys: pytest.CaptureFixture[str]) -> None:
    """A call arrives as it was given, and the command says its messageId, the endpoint and what became of it."""
    code = send(
        *("track", *WHO, "--anonymous-id", "a-1", "--event", "Order Completed", "--message-id", "m-1"),
        *("--property", "total:=42.5", "--property", "currency=EUR", "--property", "note=a=b:=c"),
        *("--property", 'tags:=["a", {"b": null}]', "--property", "page.path=/", "--property", "empty="),
        *("--context", 'page:={"path": "/"}', "--context", "locale=de", "--timestamp", "2026-01-02T03:04:05.678Z"),
        *("--integration", "All=false", "--integration", "Mixpanel=TRUE", "--integration", 'Braze:={"a": 1}'),
    )

    (message,) = messages(endpoint)
    told = capsys.readouterr()
    assert (code, told.err) == (0, "")
    assert message["context"].pop("library")["name"] == "otel-segment"
    assert message == {
        "type": "track",
        "event": "Order Completed",
        "userId": "u-1",
        "anonymousId": "a-1",
        "messageId": "m-1",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "properties": {
            "total": 42.5,
            "currency": "EUR",
            "note": "a=b:=c",
            "tags": ["a", {"b": None}],
            "page.path": "/",
            "empty": "",
        },
        "context": {"channel": "server", "page": {"path": "/"}, "locale": "de"},
        "integrations": {"All": False, "Mixpanel": True, "Braze": {"a": 1}},
    }
    assert told.out.startswith('track "Order Completed" for "u-1"\n  messageId  m-1\n')
    assert f"  endpoint   {endpoint.url}/v1/batch, write key ***f3a1\n  answer     200 in " in told.out
    assert told.out.endswith("  outcome    delivered\n")
    assert KEY not in told.out


@pytest.mark.parametrize("host", ["api.segment.io", "events.eu1.segmentapis.com", "127.0.0.1"])
def test_what_a_200_proves(host: str) -> None:
    """Of Segment in either region it is said what its 200 does not prove; a write key in an address is not shown."""
    settings = resolve({"endpoint": f"https://{host}/{KEY}", "write_key": KEY}, {})
    outcome = _outcome.Outcome([{"type": "track", "messageId": "m-1", "userId": "u-1"}], ["m-1"])

    told = "\n".join(lines(outcome, settings, dry_run=False))

    assert ("not that it has kept it" in told) == (host != "127.0.0.1")
    assert KEY not in told + str(outcome.facts(settings, dry_run=False))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("page", "--anonymous-id", "a", "--name", "Home", "--category", "Shop", "--property", "path=/"),
            {"type": "page", "anonymousId": "a", "name": "Home", "category": "Shop"},
        ),
        (("screen", *WHO, "--name", "Finder"), {"type": "screen", "userId": "u-1", "name": "Finder"}),
        (
            ("identify", *WHO, "--trait", "age:=36", "--trait", "plan=gold"),
            {"type": "identify", "userId": "u-1", "traits": {"age": 36, "plan": "gold"}},
        ),
        (
            ("group", *WHO, "--group-id", "acme", "--trait", "size:=9"),
            {"type": "group", "userId": "u-1", "groupId": "acme", "traits": {"size": 9}},
        ),
        (("alias", *WHO, "--previous-id", "a"), {"type": "alias", "userId": "u-1", "previousId": "a"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_calls(endpoint: LocalEndpoint, send: Send, arguments: tuple[str, ...], expected: dict[str, Any]) -> None:
    """Each of the other five calls arrives with what it takes."""
    code = send(*arguments)

    (received,) = endpoint.received.after(0, 0)
    assert (code, received.problems) == (0, ())
    assert expected.items() <= received.message.items()


def test_json(endpoint: LocalEndpoint, send: Send, capsys: pytest.CaptureFixture[str]) -> None:
    """--json gives all of it as one object, with the message as it left."""
    code = send("track", *WHO, "--event", "Ping", "--json")

    (message,) = messages(endpoint)
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["messages"] == [message]
    assert (told["outcome"], told["delivered"], told["dropped"]) == ("delivered", [message["messageId"]], [])
    assert (told["endpoint"], told["writeKey"]) == (f"{endpoint.url}/v1/batch", "***f3a1")
    assert told["requests"] == {"200": 1}


def test_dry_run(
    endpoint: LocalEndpoint, send: Send, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """--dry-run prints what would be sent, needs no write key, and opens no connection."""
    monkeypatch.delenv("SEGMENT_WRITE_KEY")
    before = endpoint.received.requests

    code = send("track", *WHO, "--event", "Ping", "--message-id", "m-1", "--dry-run")

    text, title, _ = capsys.readouterr().out.partition('track "Ping" for "u-1"\n  messageId  m-1\n')
    assert (code, title != "", json.loads(text)["messageId"]) == (0, True, "m-1")
    assert send("track", *WHO, "--event", "Ping", "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "would be sent"
    assert endpoint.received.requests == before


def test_mapping(
    endpoint: LocalEndpoint,
    send: Send,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The mapping of the environment acts: it renames, and it drops with its reason, which has exit code 1."""
    rules = [{"match": "order.placed", "name": "Order Completed"}, {"match": "noise", "ignore": True}]
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"rules": rules}))
    monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_MAPPING", str(path))

    assert send("track", *WHO, "--event", "order.placed") == 0
    assert [message["event"] for message in messages(endpoint)] == ["Order Completed"]
    capsys.readouterr()

    assert send("track", *WHO, "--event", "noise") == 1
    assert "  dropped    ignored_by_rule: a mapping rule says so\n" in capsys.readouterr().out
    assert len(messages(endpoint)) == 1


def test_consent(send: Send, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An event without the consent that the mapping requires is dropped, also in a dry run."""
    monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_MAPPING", '{"require_consent": ["analytics"]}')

    code = send("track", *WHO, "--event", "Ping", "--dry-run", "--json")

    told = json.loads(capsys.readouterr().out)
    assert (code, told["outcome"], told["dropped"][0]["reason"]) == (1, "dropped", "no_consent")


def test_too_large(endpoint: LocalEndpoint, send: Send, capsys: pytest.CaptureFixture[str]) -> None:
    """What is larger than Segment takes is dropped before it is sent."""
    code = send("track", *WHO, "--event", "Ping", "--property", f"text={'x' * 40_000}")

    assert code == 1
    assert "event_too_large: Segment takes 32 KB an event" in capsys.readouterr().out
    assert messages(endpoint) == []


def test_refused(send: Send, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the endpoint refuses is dropped with the answer's status."""
    with LocalEndpoint() as refusing:
        refusing.behave(lambda _: Answer(400, body="no such thing"))
        monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_ENDPOINT", refusing.url)
        code = send("track", *WHO, "--event", "Ping")

    told = capsys.readouterr()
    assert code == 1
    assert "  answer     400 in " in told.out
    assert "rejected: the endpoint refused it for good" in told.out


def test_unreachable(
    send: Send, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where nobody answers it ends by --timeout, and leaves nothing in the spool or the dead-letter file."""
    monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_DURABLE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_DEAD_LETTER", str(tmp_path / "dead.jsonl"))
    with socket.create_server(("127.0.0.1", 0)) as unheard:
        monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_ENDPOINT", f"http://127.0.0.1:{unheard.getsockname()[1]}")
        code = send("track", *WHO, "--event", "Ping", "--timeout", "0.3", "--json")

    told = json.loads(capsys.readouterr().out)
    assert (code, told["outcome"]) == (1, "dropped")
    assert told["dropped"][0]["reason"] in {"retries_exhausted", "shutdown"}
    assert list(tmp_path.iterdir()) == []
    assert os.environ["OTEL_EXPORTER_SEGMENT_SPOOL"] == str(tmp_path / "spool")


@pytest.mark.skipif(find_spec("opentelemetry.configuration") is None, reason="needs opentelemetry-configuration")
def test_config_file(
    endpoint: LocalEndpoint,
    send: Send,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """With OTEL_CONFIG_FILE the settings of its exporter count; one without Segment, or with mistakes, is said so."""
    path = tmp_path / "otel.yaml"
    rules = [{"match": "order.placed", "name": "Order Completed"}]
    exporter = {"endpoint": endpoint.url, "write_key": KEY, "mapping": {"rules": rules}, "spool": str(tmp_path / "s")}
    processors = [{"simple": {"exporter": {"console": {}}}}, {"batch": {"exporter": {"segment": exporter}}}]
    document = {"file_format": "1.0", "logger_provider": {"processors": processors}}
    monkeypatch.setenv("OTEL_CONFIG_FILE", str(path))
    monkeypatch.delenv("SEGMENT_WRITE_KEY")
    monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_ENDPOINT", "http://127.0.0.1:9")
    track = ("track", *WHO, "--event", "order.placed")

    path.write_text(json.dumps(document))
    assert send(*track) == 0
    assert [message["event"] for message in messages(endpoint)] == ["Order Completed"]
    assert not (tmp_path / "s").exists()

    capsys.readouterr()
    for text, complaint in (
        (json.dumps(document).replace("segment", "other"), "has no exporter segment: nothing would be sent with it"),
        (json.dumps({**document, "disabled": True}), f"disabled is set in {path}: no event would come about"),
        ("file_format: [", f"{path}, line 1"),
    ):
        path.write_text(text)
        assert send(*track) == 2
        assert complaint in (told := capsys.readouterr()).err
        assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"SEGMENT_WRITE_KEY": ""}, "write_key: not set"),
        ({"OTEL_EXPORTER_SEGMENT_REGION": "moon"}, "region: cannot use 'moon'"),
        ({"OTEL_EXPORTER_SEGMENT_MAPPING": "/nowhere/mapping.json"}, "/nowhere/mapping.json cannot be read"),
        ({"OTEL_EXPORTER_SEGMENT_DISABLED": "true"}, "(OTEL_EXPORTER_SEGMENT_DISABLED) is set: nothing would be sent"),
        ({"OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED is set: no event would come about"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_settings(
    send: Send,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    complaint: str,
) -> None:
    """Settings that are wrong, or with which nothing is sent, are one line and exit code 2."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    code = send("track", *WHO, "--event", "Ping")

    told = capsys.readouterr()
    assert (code, told.out, told.err.count("\n")) == (2, "", 1)
    assert complaint in told.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("track", *WHO), "the following arguments are required: --event"),
        (("group", *WHO), "the following arguments are required: --group-id"),
        (("alias", "--previous-id", "a"), "the following arguments are required: --user-id"),
        (("page", *WHO, "--property", "total"), "argument --property: 'total' is no pair; write key=text"),
        (("page", *WHO, "--property", "=1"), "argument --property: '=1' is no pair"),
        (("page", *WHO, "--property", "total:=ten"), "what follows total:= is not JSON"),
        (("page", *WHO, "--property", "total:=NaN"), "NaN is no JSON number"),
        (("page", *WHO, "--integration", "All=maybe"), "'All=maybe' is neither Name=true, Name=false nor"),
        (("page", *WHO, "--timeout", "0"), "argument --timeout: more than 0"),
        (("fly",), "invalid choice: 'fly'"),
    ],
)
def test_wrong_arguments(
    send: Send, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], complaint: str
) -> None:
    """Wrong arguments are named, with exit code 2."""
    with pytest.raises(SystemExit) as end:
        send(*arguments)

    assert end.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("page",), "page: give --user-id or --anonymous-id, that says whom it is about"),
        (("track", *WHO, "--event", ""), "track(): event was empty"),
        (("page", *WHO, "--timestamp", "yesterday"), "page(): timestamp was of the type str that is no time"),
        (("page", *WHO, "--context", "a=1", "--context", "a=2"), "argument --context: 'a' is there twice"),
    ],
)
def test_impossible_calls(
    endpoint: LocalEndpoint, send: Send, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], complaint: str
) -> None:
    """A call that cannot be made is one line and exit code 2; nothing is sent."""
    code = send(*arguments)

    told = capsys.readouterr()
    assert (code, told.out, told.err.count("\n")) == (2, "", 1)
    assert complaint in told.err
    assert messages(endpoint) == []


def test_reasons_have_words() -> None:
    """There are words for each reason that an event can be dropped for."""
    assert set(_outcome._WHY) == set(DropReason)


def test_interrupted() -> None:
    """Ctrl-C while it waits for an answer ends it with exit code 130 and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as unheard:
        port = unheard.getsockname()[1]
        command = (
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "from otel_segment.cli import main; sys.exit(main(sys.argv[1:]))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", command, "send", "track", *WHO, "--event", "Ping", "--timeout", "60"],
            env=environment(f"http://127.0.0.1:{port}"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            unheard.settimeout(60)
            connection, _ = unheard.accept()
            process.send_signal(signal.SIGINT)
            _, complaints = process.communicate(timeout=60)
            connection.close()

    assert process.returncode == 130
    assert "Traceback" not in complaints


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["words", "json"])
def test_encoding_that_knows_little(endpoint: LocalEndpoint, more: tuple[str, ...]) -> None:
    """What the encoding of a pipe has no letters for is written in others; the call is made all the same."""
    endpoint.received.clear()
    ended = subprocess.run(
        [sys.executable, "-m", "otel_segment", "send", "track", *WHO, "--event", "\u65e5\u672c", *more],
        env={**environment(endpoint.url), "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"\\u65e5\\u672c" in ended.stdout
    assert [message["event"] for message in messages(endpoint)] == ["\u65e5\u672c"]


def test_words_of_the_endpoint(
    endpoint: LocalEndpoint, send: Send, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an endpoint says cannot make a terminal do anything."""
    monkeypatch.setattr(_log, "_last_said", {})
    endpoint.behave(lambda _: Answer(400, body="bad \x1b[31mred\x07"))
    try:
        assert send("track", *WHO, "--event", "E") == 1
    finally:
        endpoint.behave(None)

    said = "".join(capsys.readouterr())
    assert "bad \N{REPLACEMENT CHARACTER}[31mred" in said
    assert not {"\x1b", "\x07"} & {*said}
