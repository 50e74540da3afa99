"""The doctor on set-ups that work, or nearly: what it says, what it sends, how it ends."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.utils import formatdate
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ports import free_port
from running import environment, unmeasured
from surroundings import Doctor, Proxy

from otel_segment.cli import main
from otel_segment.cli.doctor._findings import State
from otel_segment.cli.doctor._report import Report
from otel_segment.dead_letter import DeadLetter
from otel_segment.inspector import Answer, LocalEndpoint, Reset
from otel_segment.reasons import DropReason
from otel_segment.spool import Spool

PREFIX = "OTEL_EXPORTER_SEGMENT_"
KEY = "0123456789abcdef0123456789abf3a1"

needs_files = pytest.mark.skipif(
    find_spec("opentelemetry.configuration") is None, reason="needs opentelemetry-configuration"
)
needs_locks = pytest.mark.skipif(sys.platform == "win32", reason="the spool needs POSIX file locks")


def test_sound(doctor: Doctor, endpoint: LocalEndpoint) -> None:
    """Where all is well the exit code is 0, there is nothing to change, and one marked event has arrived."""
    told = doctor("--user-id", "u-1042")
    assert (told.code, told.report.state, told.report.cures, told.wrong(State.WARNING)) == (0, State.OK, [], [])
    (message,) = endpoint.received.messages
    assert [message["messageId"]] == told.report.message_ids
    assert (message["type"], message["event"], message["userId"]) == ("track", "otel-segment doctor", "u-1042")
    assert message["integrations"] == {"All": False}
    assert [each.problems for each in endpoint.received.events] == [()]
    assert any(message["messageId"] in each.what for each in told.of("Answer"))
    assert any("a 200 proves that the request has reached a server" in each.what for each in told.of("Answer"))


def test_guide(doctor: Doctor, endpoint: LocalEndpoint) -> None:
    """The guide has a row for each subject, in the order of the report."""
    guide = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z][\w ]+?) \| \S", guide, re.MULTILINE)
    assert rows == [section.title for section in doctor("--no-send").report.sections]


def test_nobody(doctor: Doctor, endpoint: LocalEndpoint) -> None:
    """Without a user the test event is about an anonymous one of its own."""
    doctor()
    (message,) = endpoint.received.messages
    assert message["anonymousId"] == "otel-segment-doctor"
    assert "userId" not in message


def test_no_send(doctor: Doctor, endpoint: LocalEndpoint) -> None:
    """With --no-send no event leaves, and the answer is seen all the same."""
    told = doctor("--no-send")
    assert (told.code, told.report.message_ids, endpoint.received.messages) == (0, [], [])
    assert [(each.status, each.events) for each in endpoint.requests][-1] == (200, 0)
    assert any("no test event was sent" in each.what for each in told.of("Answer"))


@pytest.mark.parametrize("auth", ["basic", "header", "body"])
def test_where_the_key_goes(doctor: Doctor, sound: pytest.MonkeyPatch, auth: str) -> None:
    """The test event carries the key where the application's events do, and is packed as they are."""
    with LocalEndpoint(write_key=KEY) as endpoint:
        sound.setenv(f"{PREFIX}ENDPOINT", endpoint.url)
        sound.setenv(f"{PREFIX}AUTH", auth)
        sound.setenv(f"{PREFIX}COMPRESSION", "gzip")
        assert doctor().code == 0
        assert [each.key for each in endpoint.requests] == [KEY]
        assert "gzip" in str(endpoint.requests[0].headers)


SPELLINGS = [
    "http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "127.0.0.1:{port}/",
    "//127.0.0.1:{port}",
    "HTTP://127.0.0.1:{port}",
    "127.0.0.1:{port}/v1",
    "127.0.0.1:{port}/v1/",
    "http://127.0.0.1:{port}/v1/batch",
    "http://127.0.0.1:{port}/v1/batch/",
    "http://127.0.0.1:{port}/batch",
    " http://127.0.0.1:{port}/v1/track ",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_the_endpoint(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, spelling: str
) -> None:
    """However the endpoint is spelt, the one address that it means is shown and used."""
    sound.setenv(f"{PREFIX}ENDPOINT", spelling.format(port=endpoint.port))
    told = doctor()
    (finding,) = told.of("Endpoint")
    assert finding.what == f"events are posted to http://127.0.0.1:{endpoint.port}/v1/batch"
    assert finding.source == f"{PREFIX}ENDPOINT"
    assert (told.code, len(endpoint.received.messages)) == (0, 1)


def test_settings_and_their_sources(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """Each setting has a line with its value and where it is from."""
    sound.setenv(f"{PREFIX}TIMEOUT", "7.5")
    sound.setenv(f"{PREFIX}HEADERS", "X-Tenant=blue-elephant")
    shown = {(each.what, each.source) for each in doctor().of("Settings")}
    assert ("write_key = ***f3a1", "SEGMENT_WRITE_KEY") in shown
    assert (f"endpoint = {endpoint.url}", f"{PREFIX}ENDPOINT") in shown
    assert ("timeout = 7.5", f"{PREFIX}TIMEOUT") in shown
    assert ("headers = X-Tenant: ***", f"{PREFIX}HEADERS") in shown
    assert ("region = us", "default") in shown


def test_versions(doctor: Doctor, endpoint: LocalEndpoint) -> None:
    """Versions and entry points are named."""
    told = doctor()
    versions = " ".join(each.what for each in told.of("Versions"))
    points = " ".join(each.what for each in told.of("Entry points and frameworks"))
    assert re.search(r"Python 3\.\d+.* opentelemetry-sdk 1\.\d+.* msgspec \d.* requests \d", versions)
    assert "segment in opentelemetry_logs_exporter: otel_segment:SegmentLogRecordExporter loads" in points
    assert re.search(r"flask \d.*: instrumented by segment_flask", points)


def test_disabled_instrumentation(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """A framework whose instrumentation is switched off is pointed out."""
    sound.setenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "urllib3, segment_flask")
    finding = doctor().only(State.WARNING)
    assert "segment_flask is disabled" in finding.what
    assert finding.cure == "take segment_flask out of OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"


def test_entry_point_that_cannot_be_loaded(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """An entry point is not only there: it is loaded, as OpenTelemetry does."""
    sound.setitem(sys.modules, "otel_segment.instrumentation.django", None)
    told = doctor()
    assert told.code == 1
    assert told.wrong()[0].what.startswith("segment_django in opentelemetry_instrumentor cannot be loaded")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        (f"{PREFIX}WRITEKEY", f"{PREFIX}WRITE_KEY"),
        (f"{PREFIX}write_key", f"{PREFIX}WRITE_KEY"),
        ("SEGMENT_WRITEKEY", "SEGMENT_WRITE_KEY"),
        ("OTEL_EXPORTER_SEGEMENT_ENDPOINT", f"{PREFIX}ENDPOINT"),
        ("OTEL_LOG_EXPORTER", "OTEL_LOGS_EXPORTER"),
        ("OTEL_EXPERIMENTAL_CONFIG_FILE", "OTEL_CONFIG_FILE"),
        ("OTEL_INSTRUMENTATION_SEGMNT_BOTS", "OTEL_INSTRUMENTATION_SEGMENT_BOTS"),
        ("otel_instrumentation_segment_bots", "OTEL_INSTRUMENTATION_SEGMENT_BOTS"),
        (f"{PREFIX}CAPTURE_TITLE", "OTEL_INSTRUMENTATION_SEGMENT_CAPTURE_TITLE"),
    ],
)
def test_misspelt_variables(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    """A variable that nobody reads is named, with the one that was meant, and its value is not shown."""
    sound.setenv(name, "wk-of-somebody-else-77")
    told = doctor()
    finding = told.only(State.WARNING)
    assert told.code == 3
    assert finding.what == f"{name} is set, and read by nobody; did you mean {meant}?"
    assert finding.cure == f"{name}: rename it to {meant}"
    assert "wk-of-somebody-else-77" not in told.text


def test_misspelt_write_key(doctor: Doctor, sound: pytest.MonkeyPatch) -> None:
    """Where a setting is missing because its variable is misspelt, to rename that is the only cure."""
    sound.delenv("SEGMENT_WRITE_KEY")
    sound.setenv("SEGMENT_WRITEKEY", "wk-of-somebody-else-77")
    assert doctor().report.cures == ["SEGMENT_WRITEKEY: rename it to SEGMENT_WRITE_KEY"]


def test_unknown_variable(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """One that is like no other is to be removed."""
    sound.setenv(f"{PREFIX}COLOUR_OF_THE_SKY", "blue")
    assert doctor().only(State.WARNING).cure.endswith(f"remove {PREFIX}COLOUR_OF_THE_SKY")


def test_web_settings(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """The settings of the web instrumentation are read as it reads them."""
    sound.setenv("OTEL_INSTRUMENTATION_SEGMENT_BOTS", "mark")
    sound.setenv("OTEL_INSTRUMENTATION_SEGMENT_SALT", "a-long-and-random-secret")
    shown = [(each.what, each.source) for each in doctor().of("Web instrumentation")]
    assert shown == [
        ("bots = mark", "OTEL_INSTRUMENTATION_SEGMENT_BOTS"),
        ("salt = ***", "OTEL_INSTRUMENTATION_SEGMENT_SALT"),
    ]
    sound.setenv("OTEL_INSTRUMENTATION_SEGMENT_BOTS", "maybe")
    sound.setenv("OTEL_INSTRUMENTATION_SEGMENT_BOT", "mark")
    told = doctor()
    assert [(each.cure, each.source) for each in told.wrong()] == [
        ("bots: write exclude or mark or include", "OTEL_INSTRUMENTATION_SEGMENT_BOTS"),
        (
            "OTEL_INSTRUMENTATION_SEGMENT_BOT: rename it to OTEL_INSTRUMENTATION_SEGMENT_BOTS, or remove it",
            "OTEL_INSTRUMENTATION_SEGMENT_BOT",
        ),
    ]


def test_callback_of_a_missing_package(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """A callback whose package is not there is pointed out; no package is imported for that."""
    sound.setenv("OTEL_INSTRUMENTATION_SEGMENT_GET_CONSENT", "this:whatever")
    assert doctor().code == 0
    assert "this" not in sys.modules
    sound.setenv("OTEL_INSTRUMENTATION_SEGMENT_GET_USER", "no_such_shop.people:who")
    finding = doctor().only(State.WARNING)
    assert "there is no no_such_shop here" in finding.what
    assert "correct OTEL_INSTRUMENTATION_SEGMENT_GET_USER, or have no_such_shop in PYTHONPATH" in finding.cure


def test_cure_of_a_setting(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """The cure of a wrong value says by itself where it is to be changed, for it stands in a list of cures, too."""
    sound.setenv(f"{PREFIX}COMPRESSION", "zip")
    assert doctor().report.cures == [f"{PREFIX}COMPRESSION: write none or gzip"]


def test_nothing_set(doctor: Doctor, clean: pytest.MonkeyPatch) -> None:
    """Without any setting the write key is what is missing, and where it is to be had is said."""
    told = doctor()
    finding = told.only()
    assert finding.what.startswith("write_key: not set")
    assert "Settings > API keys" in finding.cure
    assert [each.what for each in told.of("Region")] == ["not known while settings are wrong"]


@pytest.mark.parametrize("variable", [f"{PREFIX}DISABLED", "OTEL_SDK_DISABLED"])
def test_disabled(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, variable: str) -> None:
    """What switches everything off is said, and no connection is made where the exporter makes none."""
    sound.setenv(variable, "true")
    before = len(endpoint.requests)
    told = doctor()
    assert told.code == 3
    assert variable in told.only(State.WARNING).cure
    assert (len(endpoint.requests) == before) == (variable != "OTEL_SDK_DISABLED")


def test_code_alone(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """Where no variable chooses an exporter the code may, and nothing is said to be wrong."""
    for signal_ in ("LOGS", "TRACES", "METRICS"):
        sound.delenv(f"OTEL_{signal_}_EXPORTER")
    told = doctor()
    assert told.code == 0
    assert any("fine where the code calls otel_segment.configure()" in each.what for each in told.of("OpenTelemetry"))


def test_nothing_to_segment(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """Where the variables choose other exporters alone it is said."""
    sound.setenv("OTEL_LOGS_EXPORTER", "console")
    assert "no signal goes to Segment" in doctor().only(State.WARNING).what


def test_sampled_traces(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """Events on spans go the way of their spans, which may be sampled."""
    sound.setenv("OTEL_TRACES_EXPORTER", "segment")
    sound.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    assert "not sampled never leave" in doctor().only(State.WARNING).what


def write_file(path: Path, *exporters: str) -> str:
    """Write a declarative file with these exporters of logs."""
    lines = [f"    - batch: {{exporter: {exporter}}}" for exporter in exporters]
    path.write_text("\n".join(['file_format: "1.0"', "logger_provider:", "  processors:", *lines, ""]))
    return str(path)


@needs_files
def test_declarative_file(doctor: Doctor, listening: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a declarative file says counts, and is named as the place where a setting is from."""
    exporter = f"{{segment: {{write_key: 'wk-from-the-file-4711', endpoint: '{listening.url}', timeout: 3}}}}"
    path = write_file(tmp_path / "otel.yaml", exporter)
    sound.setenv("OTEL_CONFIG_FILE", path)
    told = doctor()
    place = f"{path}, logger_provider.processors[0].batch.exporter.segment"
    shown = {(each.what, each.source) for each in told.of("Settings")}
    assert told.code == 0
    assert ("write_key = ***4711", f'{place}: "write_key"') in shown
    assert ("timeout = 3", f'{place}: "timeout"') in shown
    assert any("not looked at, since OTEL_CONFIG_FILE is set" in each.what for each in told.of("OpenTelemetry"))
    assert "wk-from-the-file" not in told.text
    listening.received.clear()


@needs_files
def test_secrets_in_the_file(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Secrets that a file gives are masked as those of the environment are, wrong ones too."""
    given = (
        "write_key: 'sgp_secret-in-the-file', headers: {X-Key: secret-in-the-header}, timeout: sgp_secret-in-the-file"
    )
    more = "privacy_salt: 'salt-of-the-secret-file', oauth: {client_id: a, key_id: b, key: secret-in-the-key}"
    sound.setenv("OTEL_CONFIG_FILE", write_file(tmp_path / "otel.yaml", f"{{segment: {{{given}, {more}}}}}"))
    endpoint.behave(lambda request: Answer(400, body=str(dict(request.headers))))
    told = doctor()
    assert told.code == 1
    assert not re.search(r"secret-in-the-|salt-of-the", told.text)


@needs_files
def test_cures_in_the_file(doctor: Doctor, listening: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the file gives is changed there, for it wins over the variable; what it leaves out, in the environment."""
    (tmp_path / "file").write_text("")
    path = write_file(
        tmp_path / "otel.yaml", f"{{segment: {{endpoint: '{listening.url}/no', spool: '{tmp_path}/file/spool'}}}}"
    )
    sound.setenv("OTEL_CONFIG_FILE", path)
    sound.setenv(f"{PREFIX}DEAD_LETTER", str(tmp_path / "file" / "dead.jsonl"))
    cures = [each.cure for each in doctor().wrong()]
    place = f"{path}, logger_provider.processors[0].batch.exporter.segment"
    assert f'set {place}: "spool" to a folder' in cures[0]
    assert f"set {PREFIX}DEAD_LETTER to a file" in cures[1]
    assert cures[2] == f'correct {place}: "endpoint" or its path'


@needs_files
def test_unknown_setting_in_the_file(
    doctor: Doctor, listening: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A setting of the file that there is not is named with its place and with the one that was meant."""
    path = write_file(tmp_path / "otel.yaml", f"{{segment: {{write_keys: a, endpoint: '{listening.url}'}}}}")
    sound.setenv("OTEL_CONFIG_FILE", path)
    finding = doctor().only()
    assert finding.what == f"write_keys: no such setting ({finding.source})"
    assert finding.cure.startswith(f"{finding.source}: did you mean write_key? There are write_key, endpoint")


@needs_files
def test_two_exporters_in_the_file(
    doctor: Doctor, listening: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two exporters with settings of their own are looked at one after the other."""
    good = f"{{segment: {{endpoint: '{listening.url}'}}}}"
    bad = "{segment: {endpoint: 'https://nowhere.invalid'}}"
    sound.setenv("OTEL_CONFIG_FILE", write_file(tmp_path / "otel.yaml", good, bad))
    told = doctor()
    assert told.only().what.startswith("DNS: nowhere.invalid")
    assert len(told.report.message_ids) == 1
    assert len([each for each in told.report.sections if each.title.startswith("Endpoint (")]) == 2
    listening.received.clear()


@needs_files
@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("file_format: [\n  wk-secret-in-the-file", "line"),
        ("file_format: '1.0'\nlogger_provider: wk-secret-in-the-file\n", "at logger_provider, the schema wants type"),
        ('file_format: "1.0"\nlogger_provider:\n  processors: []\n', "minItems"),
        ('file_format: "1.0"\nlogger_provider:\n  processors:\n    - batch: {exporter: {segmnt: {}}}\n', "segmnt"),
        (None, "No such file"),
    ],
    ids=["no yaml", "no map", "no processors", "unknown exporter", "not there"],
)
def test_broken_file(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path, text: str | None, cause: str
) -> None:
    """What is wrong with the declarative file is said without what stands in it."""
    path = tmp_path / "otel.yaml"
    if text is not None:
        path.write_text(text)
    sound.setenv("OTEL_CONFIG_FILE", str(path))
    told = doctor()
    assert told.code == 1
    assert cause in told.wrong()[0].what
    assert str(path) in told.wrong()[0].what + told.wrong()[0].cure
    assert "secret-in-the-file" not in told.text
    assert any("the settings below are those of the environment" in each.what for each in told.of("OpenTelemetry"))


@needs_locks
def test_spool(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A spool's folder, database and contents are looked at, and nothing is changed."""
    folder = tmp_path / "spool"
    sound.setenv(f"{PREFIX}SPOOL", str(folder))
    told = doctor()
    assert told.code == 0
    assert not folder.exists()
    with holding(folder, endpoint) as pid:
        before = contents(folder)
        told = doctor()
        assert contents(folder) == before
    found = " | ".join(each.what for each in told.of("Spool"))
    assert told.code == 3
    assert f"in use by the process {pid}" in found
    assert f"2 event(s) wait for {endpoint.url}/v1/batch, source ***f3a1" in found
    finding = told.only(State.WARNING)
    assert "1 event(s) wait for https://other.example/v1/batch, source ***0001" in finding.what
    assert "otel-segment spool drain --source" in finding.cure
    left = [each.what for each in doctor().wrong(State.WARNING)]
    assert len(left) == 2
    assert "no process is there to send them" in left[0]


def contents(folder: Path) -> dict[str, bytes]:
    """Return what the files hold, but for the memory that SQLite's processes share."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


HOLDER = """
import os, sys
from pathlib import Path
from otel_segment.spool import Destination, Spool
folder, url, key = sys.argv[1:]
spool = Spool(Path(folder), 2**30)
spool.release(spool.write(Destination.of(url, key), [[b'{"a":1}', b'{"b":2}']]))
spool.release(spool.write(Destination.of("https://other.example/v1/batch", "wk-another-key-0001"), [[b"{}"]]))
print(os.getpid(), flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(folder: Path, endpoint: LocalEndpoint) -> Iterator[int]:
    """Have a process that uses a spool, and has left events in it."""
    command = [sys.executable, "-c", HOLDER, str(folder), f"{endpoint.url}/v1/batch", KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=unmeasured()) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate(timeout=60)


@needs_locks
@pytest.mark.parametrize(
    ("damage", "cause", "cure"),
    [
        (b"no database at all, whatever it is" * 100, "is damaged", "otel-segment spool recover"),
        (b"", "", ""),
    ],
    ids=["damaged", "empty"],
)
def test_sick_spool(
    doctor: Doctor,
    endpoint: LocalEndpoint,
    sound: pytest.MonkeyPatch,
    tmp_path: Path,
    damage: bytes,
    cause: str,
    cure: str,
) -> None:
    """A damaged database is told from one that is only new, and left as it is."""
    (tmp_path / "spool.db").write_bytes(damage)
    sound.setenv(f"{PREFIX}SPOOL", str(tmp_path))
    told = doctor()
    assert told.code == (1 if cause else 0)
    assert all(cause in each.what and cure in each.cure for each in told.wrong())
    assert (tmp_path / "spool.db").read_bytes() == damage


@needs_locks
def test_spool_of_a_newer_release(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A spool that this release cannot use is named, and one of another program."""
    with closing(sqlite3.connect(tmp_path / "spool.db")) as database:
        database.execute("PRAGMA application_id = 0x6F745367")
        database.execute("PRAGMA user_version = 99")
    sound.setenv(f"{PREFIX}SPOOL", str(tmp_path))
    finding = doctor().only()
    assert "written by a newer release of otel-segment (schema 99" in finding.what
    assert f"set {PREFIX}SPOOL to another folder" in finding.cure


@needs_locks
def test_databases_that_were_set_aside(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Damaged databases that were set aside are pointed out, with the command that reads them."""
    Spool(tmp_path, 2**30).close()
    (tmp_path / "spool.db").touch()
    (tmp_path / "spool.db.damaged-20260102T030405Z").write_bytes(b"x")
    sound.setenv(f"{PREFIX}SPOOL", str(tmp_path))
    cure = doctor().only(State.WARNING).cure
    assert cure == f"otel-segment spool recover {tmp_path}/spool.db.damaged-20260102T030405Z, then delete it"


def test_dead_letter(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A dead-letter file with something in it is pointed out, and one that cannot be written is broken."""
    path = tmp_path / "dead.jsonl"
    sound.setenv(f"{PREFIX}DEAD_LETTER", str(path))
    assert doctor().code == 0
    assert not path.exists()
    assert DeadLetter(path, 2**20).write(DropReason.REJECTED, [{"event": "A"}], 400, "no", 0.0)
    finding = doctor().only(State.WARNING)
    assert "holds" in finding.what
    assert f"otel-segment replay {path}" in finding.cure
    (tmp_path / "file").write_text("")
    sound.setenv(f"{PREFIX}DEAD_LETTER", str(tmp_path / "file" / "dead.jsonl"))
    assert "what should be in it is lost" in doctor().only().what


@pytest.mark.parametrize(("seconds", "said"), [(-4_000, "ahead of"), (4_000, "behind")])
def test_clock(doctor: Doctor, sound: pytest.MonkeyPatch, seconds: int, said: str) -> None:
    """A clock that differs from the server's is pointed out."""
    date = formatdate(time.time() + seconds, usegmt=True)
    answer = f'HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 16\r\n\r\n{{"success":true}}'
    with Proxy(answer=answer.encode()) as server:
        sound.setenv(f"{PREFIX}ENDPOINT", f"127.0.0.1:{server.port}")
        finding = doctor().only(State.WARNING)
    assert re.search(rf"clock: (3,999|4,000|4,001) seconds {said} that of", finding.what)
    assert "NTP" in finding.cure


def test_plain_http(doctor: Doctor, sound: pytest.MonkeyPatch) -> None:
    """A key that would cross a network unencrypted is pointed out."""
    sound.setenv(f"{PREFIX}ENDPOINT", "http://events.example.com")
    sound.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    told = doctor()
    assert "not encrypted" in told.only(State.WARNING).what
    assert told.only().source == "http_proxy"


def test_host_that_the_proxy_is_not_for(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """A proxy that no_proxy keeps away is said not to be used, and why."""
    with Proxy() as proxy:
        sound.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        sound.setenv("NO_PROXY", "127.0.0.1")
        told = doctor()
        assert proxy.heads == []
    assert told.of("Network")[0].what == "proxy: none (ALL_PROXY is set, but NO_PROXY leaves this host out)"


def test_reset(doctor: Doctor, endpoint: LocalEndpoint) -> None:
    """A connection that is ended instead of answered is told from one that cannot be made."""
    endpoint.behave(lambda _: Reset())
    assert "no answer from" in doctor().only().what


@contextmanager
def silent() -> Iterator[socket.socket]:
    """Listen, and never say anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        yield listener


def port_of(listener: socket.socket) -> int:
    """Return the port that a listener is at."""
    port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("scheme", "cause"), [("http", "no answer from http"), ("https", "does not answer the TLS handshake")]
)
def test_silence(doctor: Doctor, sound: pytest.MonkeyPatch, scheme: str, cause: str) -> None:
    """A server that never answers is given up on, and it is said where."""
    sound.setattr("otel_segment.cli.doctor._way.STEP", 0.5)
    sound.setenv(f"{PREFIX}TIMEOUT", "0.5")
    with silent() as listener:
        sound.setenv(f"{PREFIX}ENDPOINT", f"{scheme}://127.0.0.1:{port_of(listener)}")
        told = doctor()
    assert told.code == 1
    assert cause in told.only().what


def test_silent_proxy(doctor: Doctor, sound: pytest.MonkeyPatch) -> None:
    """So is a proxy."""
    sound.setattr("otel_segment.cli.doctor._way.STEP", 0.5)
    with silent() as listener:
        sound.setenv("https_proxy", f"http://127.0.0.1:{port_of(listener)}")
        finding = doctor().only()
    assert "does not answer" in finding.what
    assert finding.source == "https_proxy"


def test_no_time(doctor: Doctor, endpoint: LocalEndpoint) -> None:
    """When the time is over it ends, and says what it has not looked at."""
    told = doctor("--timeout", "0.000001")
    assert len(told.report.sections) > 10
    assert endpoint.received.messages == []


def test_import_that_never_ends(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mapping's function whose module hangs takes its own check along, and no other."""
    (tmp_path / "hanging_module_of_a_test.py").write_text("import time\ntime.sleep(8)\n")
    (tmp_path / "mapping.json").write_text(
        '{"rules": [{"match": "A", "properties": {"a": {"fn": "hanging_module_of_a_test:f"}}}]}'
    )
    sound.syspath_prepend(str(tmp_path))
    sound.setenv(f"{PREFIX}MAPPING", str(tmp_path / "mapping.json"))
    told = doctor("--timeout", "2", "--no-send")
    assert [each.what for each in told.of("Mapping")] == ["no time was left to look at this"]
    assert told.of("Web instrumentation") != []


def test_defect(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """A check that fails itself takes no other along, and --debug shows where."""

    def fail() -> None:
        message = f"with {KEY}"
        raise LookupError(message)

    sound.setattr("otel_segment.cli.doctor._doctor.check_web", fail)
    told = doctor("--no-send")
    assert [each.what for each in told.of("Web instrumentation")] == ["this could not be looked at: LookupError"]
    with pytest.raises(LookupError):
        main(["doctor", "--debug"])


def test_text(endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """For people it is one line for each finding, and ends with what to change, in order."""
    sound.setenv(f"{PREFIX}WRITEKEY", "x")
    sound.setenv(f"{PREFIX}TIMEOUT", "soon")
    assert main(["doctor"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert "\033" not in out
    assert f"\n  BROKEN   timeout: cannot use 'soon' (environment variable {PREFIX}TIMEOUT)" in out
    end = out.partition("To change, in this order\n")[2]
    assert re.match(rf"  1\. OTEL_EXPORTER_SEGMENT_TIMEOUT: .*\n  2\. {PREFIX}WRITEKEY: rename it", end)
    assert end.endswith("1 broken, 1 doubtful.\n")


@pytest.mark.parametrize(
    ("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours(endpoint: LocalEndpoint, variables: dict[str, str], is_coloured: bool) -> None:
    """On a terminal there are colours, and never under NO_COLOR."""
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
    ours, theirs = pty.openpty()
    env = {"TERM": "xterm", **_environment(endpoint), **variables}
    with subprocess.Popen(_COMMAND, env=env, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said = b"".join(_until_closed(ours))
        assert process.wait(60) == 0
    os.close(ours)
    assert b"Nothing is broken" in said
    assert (b"\033[" in said) is is_coloured


_COMMAND = [sys.executable, "-m", "otel_segment", "doctor"]


def _environment(endpoint: LocalEndpoint) -> dict[str, str]:
    none = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "segment"}
    kept = unmeasured()
    env = environment(endpoint.url, **none)
    return {name: value for name, value in env.items() if name in kept or name not in os.environ} | none


def _until_closed(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(descriptor, 65_536)
        except OSError:
            return
        if not data:
            return
        yield data


def test_process(endpoint: LocalEndpoint) -> None:
    """As a command it prints JSON on the standard output alone."""
    done = subprocess.run(
        [*_COMMAND, "--json"], env=_environment(endpoint), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    report = msgspec.json.decode(done.stdout, type=Report)
    assert [message["messageId"] for message in endpoint.received.messages] == report.message_ids


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_interrupted(sound: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends it at once, with 130 and without a traceback."""
    with silent() as listener:
        listener.settimeout(60)
        env = os.environ | {f"{PREFIX}ENDPOINT": f"http://127.0.0.1:{port_of(listener)}"}
        with subprocess.Popen(_COMMAND, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            # The first connection is only tried.
            connections = [listener.accept()[0], listener.accept()[0]]
            assert connections[1].recv(1)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=60)[1] == b""
            for connection in connections:
                connection.close()
        assert process.returncode == 130


@pytest.mark.parametrize("arguments", [["--timeout", "0"], ["--timeout", "soon"], ["--fly"]])
def test_wrong_command_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments end with 2."""
    with pytest.raises(SystemExit) as end:
        main(["doctor", *arguments])
    assert end.value.code == 2
    assert "otel-segment" in capsys.readouterr().err


SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc", "Cn"]),
    min_size=8,
    max_size=60,
)
PLACES = (
    *("SEGMENT_WRITE_KEY", f"{PREFIX}WRITE_KEY", f"{PREFIX}WRITEKEY", f"{PREFIX}PRIVACY_SALT"),
    *("OTEL_INSTRUMENTATION_SEGMENT_SALT", "headers", "proxy", "endpoint", "timeout", "region", "spool"),
)


@pytest.mark.parametrize("form", ["--json", "text"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secrets=st.fixed_dictionaries({}, optional=dict.fromkeys(PLACES, SECRETS)))
def test_no_secret_is_printed(
    sound: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str, secrets: dict[str, str]
) -> None:
    """No secret is printed, in whatever variable it stands, in its own or by mistake in that of another setting."""
    with sound.context() as patch:
        patch.setenv(f"{PREFIX}ENDPOINT", f"http://127.0.0.1:{_CLOSED}")
        patch.setenv("OTEL_LOGS_EXPORTER", "segment")
        for place, secret in secrets.items():
            _put(patch, place, secret)
        key = secrets.get("SEGMENT_WRITE_KEY", KEY)
        for place in {"endpoint", "timeout", "region", "spool"} & secrets.keys():
            patch.setenv(f"{PREFIX}{place.upper()}", key)
        main(["doctor", "--no-send", *(["--json"] if form == "--json" else [])])
    out, err = capsys.readouterr()
    told = str(msgspec.json.decode(out)) + out if form == "--json" else out
    kept = {secret for place, secret in secrets.items() if place not in {"endpoint", "timeout", "region", "spool"}}
    assert [secret for secret in {*kept, key} if secret in told or secret in err] == []


def _put(patch: pytest.MonkeyPatch, place: str, secret: str) -> None:
    if place == "headers":
        patch.setenv(f"{PREFIX}HEADERS", f"X-Secret={secret}")
    elif place == "proxy":
        patch.setenv("HTTP_PROXY", f"http://user:{secret}@127.0.0.1:9")
    elif place.isupper() or "_" in place:
        patch.setenv(place, secret)


_CLOSED = free_port()


def test_secrets_that_come_back(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """What a server repeats of the request is masked, packed or not."""
    sound.setenv(f"{PREFIX}HEADERS", "X-Secret=sesame%2Copen%2Cplease")
    endpoint.behave(lambda request: Answer(401, body=str(dict(request.headers))))
    told = doctor()
    assert told.code == 1
    assert not [secret for secret in (KEY, "sesame,open,please", "MDEyMzQ1Njc4") if secret in told.text]
