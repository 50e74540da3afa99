"""Chosen by configuration: the same program goes to any exporter, by a name in the environment or in a file."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from authorization import private_key
from running import KEY, environment, instrumented

import otel_segment
from otel_segment._env import ROWS
from otel_segment.inspector import LocalEndpoint

ANALYTICS = {"Order Completed", "Checkout Started"}
ALL = ANALYTICS | {"Invoice Printed"}
NO_METRICS = {"OTEL_METRICS_EXPORTER": "none"}
PREFIX = "OTEL_EXPORTER_SEGMENT_"

needs_files = pytest.mark.skipif(
    find_spec("opentelemetry.configuration") is None, reason="needs opentelemetry-configuration"
)


def by_name(logs: str, traces: str | None = None) -> dict[str, str]:
    """Return the variables that choose exporters by name."""
    return {"OTEL_LOGS_EXPORTER": logs, "OTEL_TRACES_EXPORTER": traces or logs, **NO_METRICS}


def events(endpoint: LocalEndpoint) -> set[str]:
    """Return the names of the events that have arrived."""
    return {message["event"] for message in endpoint.received.messages}


def by_file(path: Path, logs: dict[str, Any], traces: dict[str, Any] | None = None) -> dict[str, str]:
    """Write a declarative configuration file with the Segment exporter, and return the variables that choose it."""
    document = {
        # A file in JSON is a file in YAML, too.
        "file_format": "1.0",
        "logger_provider": {"processors": [{"batch": {"exporter": {"segment": logs}}}]},
        "tracer_provider": {"processors": [{"batch": {"exporter": {"segment": logs if traces is None else traces}}}]},
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return {"OTEL_CONFIG_FILE": str(path)}


def assert_said(stderr: str, parts: list[str]) -> None:
    """Check that a program's complaint has all these parts, and not the write key."""
    _, found, complaint = stderr.rpartition("ConfigurationError: ")
    assert found, stderr
    assert [part for part in parts if part not in complaint] == []
    assert KEY not in stderr


def assert_quiet(ended: subprocess.CompletedProcess[str]) -> None:
    """Check that a program ended well, and that nobody but the SDK's reader of files had anything to say."""
    assert ended.returncode == 0
    complaints = [line for line in ended.stderr.splitlines() if not line.startswith("OTEL_CONFIG_FILE is set")]
    assert complaints == []


@pytest.mark.parametrize(
    ("group", "exporter"),
    [
        ("opentelemetry_logs_exporter", otel_segment.SegmentLogRecordExporter),
        ("opentelemetry_traces_exporter", otel_segment.SegmentSpanExporter),
    ],
)
def test_entry_points(group: str, exporter: type) -> None:
    """The name ``segment`` stands for our exporters, and for nobody else's."""
    assert [point.load() for point in entry_points(group=group, name="segment")] == [exporter]


def test_segment_by_name() -> None:
    """``segment`` sends the analytics events among logs and spans to Segment, and prints nothing."""
    with LocalEndpoint(write_key=KEY) as endpoint:
        ended = instrumented("unchanged.py", env=environment(endpoint.url, **by_name("segment")))
        assert_quiet(ended)
        assert ended.stdout == ""
        assert events(endpoint) == ANALYTICS


@pytest.mark.parametrize("names", ["console", "segment,console"])
def test_console_by_name(names: str) -> None:
    """``console`` prints what the same program emits, and takes nothing away from Segment beside it."""
    with LocalEndpoint(write_key=KEY) as endpoint:
        ended = instrumented("unchanged.py", env=environment(endpoint.url, **by_name(names)))
        assert_quiet(ended)
        assert {name for name in ALL if f'"{name}"' in ended.stdout} == ALL
        assert events(endpoint) == (ANALYTICS if "segment" in names else set())


@pytest.mark.parametrize("names", ["otlp", "segment,otlp"])
def test_otlp_by_name(names: str) -> None:
    """``otlp`` sends what the same program emits to a collector, and takes nothing away from Segment beside it."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs opentelemetry-exporter-otlp-proto-http")
    from otlp_server import otlp_server

    with LocalEndpoint(write_key=KEY) as endpoint, otlp_server() as (url, arrived):
        collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
        ended = instrumented("unchanged.py", env=environment(endpoint.url, **by_name(names), **collector))
        assert_quiet(ended)
        assert ended.stdout == ""
        assert arrived == ALL
        assert events(endpoint) == (ANALYTICS if "segment" in names else set())


def test_different_exporters_for_logs_and_traces() -> None:
    """Each signal goes where its own variable says."""
    with LocalEndpoint(write_key=KEY) as endpoint:
        env = environment(endpoint.url, **by_name("segment", "none"))
        assert instrumented("unchanged.py", env=env).returncode == 0
        assert events(endpoint) == {"Order Completed"}


@needs_files
def test_segment_by_file(tmp_path: Path) -> None:
    """A declarative configuration file chooses Segment for logs and traces, with the key from the environment."""
    with LocalEndpoint(write_key=KEY) as endpoint:
        chosen = {"write_key": "${SEGMENT_WRITE_KEY}", "endpoint": endpoint.url}
        env = environment("http://127.0.0.1:9", **by_file(tmp_path / "otel.yaml", chosen))
        ended = instrumented("unchanged.py", env=env)
        assert_quiet(ended)
        assert ended.stdout == ""
        assert events(endpoint) == ANALYTICS


@needs_files
def test_settings_from_the_environment_by_file(tmp_path: Path) -> None:
    """In a declarative configuration file, what an empty exporter leaves open comes from the environment."""
    path = tmp_path / "otel.yaml"
    path.write_text(
        'file_format: "1.0"\nlogger_provider:\n  processors:\n    - simple:\n        exporter:\n          segment:\n',
        encoding="utf-8",
    )
    with LocalEndpoint(write_key=KEY) as endpoint:
        ended = instrumented("unchanged.py", env=environment(endpoint.url, OTEL_CONFIG_FILE=str(path)))
        assert_quiet(ended)
        assert events(endpoint) == {"Order Completed"}


RULES = {"rules": [{"match": "Invoice*", "type": "track"}, {"match": "Checkout Started", "ignore": True}]}

OAUTH = {
    "client_id": "client",
    "key_id": "kid",
    "key": private_key(),
    "auth_server": "https://auth.example.com",
    "scope": "tracking_api:write",
}

# Each setting that a file can hold: as it stands there, and what it means.
IN_FILES: dict[str, tuple[object, object]] = {
    "write_key": ("${OTHER_KEY}", "wk-fedcba9876543210-a1f3"),
    "endpoint": ("events.example.com/v1", "https://events.example.com"),
    "region": ("eu", "eu"),
    "path": ("v1/import", "/v1/import"),
    "timeout": ("${SECONDS}", 2.5),
    "compression": ("gzip", "gzip"),
    "headers": ({"X-Tenant": "a", "X-Number": 7}, {"X-Tenant": "a", "X-Number": "7"}),
    "certificate": (__file__, __file__),
    "max_retry_time": (60, 60),
    "concurrency": (3, 3),
    "flush_interval": (0.5, 0.5),
    "max_queue_bytes": ("8 MiB", 8 * 2**20),
    "spool": ("${SPOOL_FOLDER}", "/nowhere/spool"),
    "spool_max_bytes": ("1GiB", 2**30),
    "spool_max_age": (3_600, 3_600),
    "durable": (True, True),
    "dead_letter": ("/nowhere/dead.jsonl", "/nowhere/dead.jsonl"),
    "dead_letter_max_bytes": ("2MiB", 2 * 2**20),
    "mapping": (RULES, RULES),
    "privacy_salt": ("s3cret", "s3cret"),
    "disabled": (True, True),
    "auth": ("header", "header"),
    "oauth": (OAUTH, OAUTH),
    "shutdown_timeout": (1.5, 1.5),
}


@pytest.fixture(scope="module")
def settings_from_file(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """The settings of the exporters for logs and for traces, where all of them are in a file."""
    given = {name: value for name, (value, _) in IN_FILES.items()}
    chosen = by_file(tmp_path_factory.mktemp("settings") / "otel.yaml", given)
    used = {"OTHER_KEY": "wk-fedcba9876543210-a1f3", "SECONDS": "2.5", "SPOOL_FOLDER": "/nowhere/spool"}
    env = environment("http://127.0.0.1:9", **used, **chosen)
    ended = instrumented("settings_in_use.py", env=env)
    assert_quiet(ended)
    found: list[dict[str, object]] = json.loads(ended.stdout)
    return found


@needs_files
@pytest.mark.parametrize("setting", [row.name for row in ROWS if row.variables])
def test_settings_in_files(settings_from_file: list[dict[str, object]], setting: str) -> None:
    """Each setting can stand in a declarative configuration file, as a plain value."""
    _, expected = IN_FILES[setting]
    assert [found[setting] for found in settings_from_file] == [expected, expected]


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".toml"])
def test_mapping_from_a_file(tmp_path: Path, suffix: str) -> None:
    """The mapping can be a file of its own, in any of three formats."""
    if suffix == ".toml" and sys.version_info < (3, 11):
        pytest.skip("needs Python 3.11, which reads TOML")
    path = tmp_path / f"mapping{suffix}"
    texts = {
        ".json": json.dumps(RULES),
        ".yaml": "rules:\n- match: Invoice*\n  type: track\n- {match: Checkout Started, ignore: true}\n",
        ".toml": '[[rules]]\nmatch = "Invoice*"\ntype = "track"\n[[rules]]\nmatch = "Checkout*"\nignore = true\n',
    }
    path.write_text(texts[suffix], encoding="utf-8")
    with LocalEndpoint(write_key=KEY) as endpoint:
        env = environment(endpoint.url, **by_name("segment"), **{PREFIX + "MAPPING": str(path)})
        ended = instrumented("unchanged.py", env=env)
        assert_quiet(ended)
        assert events(endpoint) == {"Order Completed", "Invoice Printed"}


@needs_files
def test_mapping_in_place(tmp_path: Path) -> None:
    """The mapping can stand in the declarative configuration file itself."""
    with LocalEndpoint(write_key=KEY) as endpoint:
        env = environment(endpoint.url, **by_file(tmp_path / "otel.yaml", {"mapping": RULES}))
        ended = instrumented("unchanged.py", env=env)
        assert_quiet(ended)
        assert events(endpoint) == {"Order Completed", "Invoice Printed"}


MISTAKES: list[tuple[dict[str, str], list[str]]] = [
    ({"SEGMENT_WRITE_KEY": ""}, ["write_key: not set", "SEGMENT_WRITE_KEY", "API keys"]),
    ({PREFIX + "TIMEOUT": "soon"}, ["timeout: cannot use 'soon'", f"variable {PREFIX}TIMEOUT", "such as 5"]),
    ({PREFIX + "REGION": "asia"}, ["region: cannot use 'asia'", f"variable {PREFIX}REGION", "us or eu"]),
    ({PREFIX + "MAPPING": "no-such-file.yaml"}, ["mapping", "no-such-file.yaml", "No such file"]),
]


@pytest.mark.parametrize(("variables", "said"), MISTAKES)
def test_mistakes_in_the_environment(variables: dict[str, str], said: list[str]) -> None:
    """A mistake shows at start-up, on stderr, with the setting, where it came from, and the cure."""
    with LocalEndpoint() as endpoint:
        ended = instrumented("unchanged.py", env=environment(endpoint.url, **by_name("segment")) | variables)
        assert_said(ended.stderr, said)
        assert events(endpoint) == set()


FILE_MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"timeout": "soon"}, ["timeout: cannot use 'soon'", 'argument "timeout"', "such as 5"]),
    ({"time_out": 5}, ["time_out: no such setting", "did you mean timeout?"]),
    ({"write_key": "${NOBODY_SET_THIS}", "region": "asia"}, ["region: cannot use 'asia'", "us or eu"]),
    ({"mapping": {"rules": [{"mach": "*"}]}}, ['"mapping" (given in place)', "mach", "did you mean match?"]),
]


@needs_files
@pytest.mark.parametrize(("settings", "said"), FILE_MISTAKES)
def test_mistakes_in_a_file(tmp_path: Path, settings: dict[str, Any], said: list[str]) -> None:
    """A mistake in a declarative configuration file shows at start-up, too."""
    with LocalEndpoint() as endpoint:
        env = environment(endpoint.url, **by_file(tmp_path / "otel.yaml", settings))
        ended = instrumented("unchanged.py", env=env)
        assert_said(ended.stderr, said)
        assert events(endpoint) == set()
