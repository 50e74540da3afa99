"""Settings: where they come from, what they may be, and what a wrong one is told."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from authorization import private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_segment._env import ROWS, resolve, table
from otel_segment.errors import ConfigurationError
from otel_segment.settings import OAuth, Settings, SettingsArguments, masked

KEY = "wk-0123456789abcdef-f3a1"
PREFIX = "OTEL_EXPORTER_SEGMENT_"
THIS_FILE = str(Path(__file__))
THIS_FOLDER = str(Path(__file__).parent)
RULES = {"rules": [{"match": "*"}]}
OAUTH = {
    "client_id": "client",
    "key_id": "kid",
    "key": private_key(),
    "auth_server": "https://auth.example.com",
    "scope": "tracking_api:write",
}


def hook(*_: object) -> None:
    """Stand for a user's hook."""


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Do without the rights of the superuser, for whom no file is closed."""
    if os.getuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


async def async_hook(*_: object) -> None:
    """Stand for a hook that nothing would await."""


# Each setting: what users may give (an argument; a text among them may stand in the environment too), and the value.
VALUES: dict[str, list[tuple[object, object]]] = {
    "write_key": [(KEY, KEY), (f"  {KEY}\n", KEY), ("js.ab:cd", "js.ab:cd")],
    "endpoint": [
        ("https://events.example.com", "https://events.example.com"),
        (" Events.Example.com/v1/ ", "https://events.example.com"),
        ("localhost:8080", "http://localhost:8080"),
    ],
    "region": [("us", "us"), ("eu", "eu"), (" EU ", "eu")],
    "path": [("/v1/import", "/v1/import"), ("events", "/events")],
    "timeout": [(3, 3), (2.5, 2.5), ("2.5", 2.5), (" 7 ", 7), ("1e1", 10), (3600, 3600)],
    "compression": [("gzip", "gzip"), ("none", "none"), ("GZIP", "gzip")],
    "headers": [
        ({"X-Tenant": "a"}, {"X-Tenant": "a"}),
        ({"X-Tenant": 42, " x-b ": " c "}, {"X-Tenant": "42", "x-b": "c"}),
        ({}, {}),
        ("X-Tenant=a", {"X-Tenant": "a"}),
        (" x-a = b%20c%2Cd , x-e=f==, ,", {"x-a": "b c,d", "x-e": "f=="}),
        ("x-empty=", {"x-empty": ""}),
    ],
    "certificate": [(THIS_FILE, THIS_FILE), (THIS_FOLDER, THIS_FOLDER), (Path(THIS_FILE), THIS_FILE)],
    "max_retry_time": [(0, 0), (60.5, 60.5), ("7200", 7200)],
    "concurrency": [(1, 1), (64, 64), ("16", 16), (4.0, 4)],
    "flush_interval": [(0.05, 0.05), ("0.5", 0.5), (60, 60)],
    "max_queue_bytes": [
        (67_108_864, 64 * 2**20),
        ("67108864", 64 * 2**20),
        ("64MiB", 64 * 2**20),
        ("64 MB", 64_000_000),
        ("1024kib", 2**20),
        ("1.5GiB", 3 * 2**29),
        ("2000000b", 2_000_000),
    ],
    "spool": [("/nowhere/spool", "/nowhere/spool"), (Path("/nowhere"), "/nowhere"), (THIS_FOLDER, THIS_FOLDER)],
    "spool_max_bytes": [("1GiB", 2**30), (2**20, 2**20)],
    "spool_max_age": [(60, 60), ("3600", 3600)],
    "durable": [(False, False), ("no", False)],
    "dead_letter": [("/nowhere/dead.jsonl", "/nowhere/dead.jsonl"), (THIS_FILE, THIS_FILE)],
    "dead_letter_max_bytes": [("2MiB", 2 * 2**20), (2**20, 2**20)],
    "mapping": [("rules.yaml", "rules.yaml"), (RULES, RULES), (Path("rules.yaml"), Path("rules.yaml"))],
    "privacy_salt": [("s3cret", "s3cret")],
    "disabled": [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        *((text, True) for text in ("true", "TRUE", "1", "yes", "Yes")),
        *((text, False) for text in ("false", "False", "0", "no", "NO")),
    ],
    "auth": [("basic", "basic"), ("header", "header"), ("Body", "body")],
    "oauth": [(OAUTH, OAuth(**OAUTH))],
    "shutdown_timeout": [(0, 0), (1.5, 1.5), ("30", 30)],
    "on_delivered": [(hook, hook), (print, print)],
    "on_dropped": [(hook, hook)],
    "before_send": [(hook, hook)],
}

DEFAULTS: dict[str, object] = {
    "write_key": KEY,
    "endpoint": "https://api.segment.io",
    "region": "us",
    "path": "/v1/batch",
    "timeout": 10,
    "compression": "none",
    "headers": {},
    "certificate": None,
    "max_retry_time": 1800,
    "concurrency": 8,
    "flush_interval": 1,
    "max_queue_bytes": 64 * 2**20,
    "spool": None,
    "spool_max_bytes": 512 * 2**20,
    "spool_max_age": 7 * 24 * 3_600,
    "durable": False,
    "dead_letter": None,
    "dead_letter_max_bytes": 64 * 2**20,
    "mapping": None,
    "privacy_salt": None,
    "disabled": False,
    "auth": "basic",
    "oauth": None,
    "shutdown_timeout": 5,
    "on_delivered": None,
    "on_dropped": None,
    "before_send": None,
}

SECONDS = "write seconds (not milliseconds) as a number"

# Each setting: what it must not be, and a part of the problem or the cure that the message has to have.
WRONG: dict[str, list[tuple[object, str]]] = {
    "write_key": [
        (123456789012, "put quotes around"),
        (b"bytes", "put quotes around"),
        ("YOUR_WRITE_KEY", "placeholder"),
        ("your-write-key-here", "placeholder"),
        ("<your key>", "placeholder"),
        ("${SEGMENT_WRITE_KEY}", "a variable that nothing expanded"),
        ("$SEGMENT_WRITE_KEY", "a variable that nothing expanded"),
        ("{{ segment.key }}", "a variable that nothing expanded"),
        ("%SEGMENT_WRITE_KEY%", "a variable that nothing expanded"),
        ("abcdef ghijklmnop", "a space"),
        ("abcdef\nghijklmnop", "a line break"),
        ("abcdef\x00ghijklmnop", "another character"),
        ("abcdéfghijklmnop", "another character"),
        ('"abcdefghijklmnop"', "quotes around it"),
    ],
    "endpoint": [
        (8080, "write the base URL"),
        ("ftp://api.segment.io", "neither https nor http"),
        ("https://api.segment.io:port", "write the base URL"),
        ("https://user:pass@api.segment.io", "write_key"),
    ],
    "region": [("asia", "write us or eu"), (True, "write us or eu"), (1, "write us or eu")],
    "path": [(7, "write a path"), ("https://x.example/v1", "endpoint"), ("/v1/ batch", "write a path")],
    "timeout": [
        ("soon", SECONDS),
        ("10s", SECONDS),
        (True, SECONDS),
        ([10], SECONDS),
        (0, "above 0"),
        (-1, "above 0"),
        ("nan", SECONDS),
        (float("inf"), SECONDS),
        (10**400, SECONDS),
        (10_000, "at most 3600"),
    ],
    "compression": [("br", "write none or gzip"), (False, "write none or gzip")],
    "headers": [
        (["X-Tenant"], "write a map"),
        (5, "write a map"),
        ("X-Tenant", "no = sign"),
        ("X Tenant=a", "the name of header 1"),
        ("=a", "the name of header 1"),
        ({7: "a"}, "the name of header 1"),
        ({"X-A": "1", "X\r\nB": "2"}, "the name of header 2"),
        ({"X-A": "1\r\nX-B: 2"}, "a line break"),
        ("X-A=1%0d%0aX-B:2", "a line break"),
        ({"X-A": "ü"}, "beyond ASCII"),
        ({"X-A": True}, "put quotes around it"),
        ({"X-A": None}, "put quotes around it"),
        ({"X-A": "1", "x-a": "2"}, "twice"),
        ("Authorization=Basic%20abc", "write_key"),
        ({"authorization": "Bearer abc"}, "auth says where"),
        ({"Content-Type": "text/plain"}, "application/json"),
        ({"Content-Encoding": "gzip"}, "compression"),
        ({"CONTENT-LENGTH": 5}, "follows from the body"),
        ({"Host": "example.com"}, "endpoint"),
    ],
    "certificate": [
        ("/no/such/ca.pem", "no such file or folder"),
        ("with\0nul", "no such file or folder"),
        ("", "not a path"),
        (5, "give the path of a PEM file"),
        (b"/etc", "give the path of a PEM file"),
    ],
    "max_retry_time": [("never", SECONDS), (-0.1, "0 or more"), (float("inf"), SECONDS), (1e12, "at most")],
    "concurrency": [
        (0, "from 1 to 64"),
        (65, "from 1 to 64"),
        (1.5, "whole number"),
        ("many", "whole number"),
        (True, "whole number"),
    ],
    "flush_interval": [(0, "above 0"), (61, "at most 60"), ("", SECONDS), (False, SECONDS)],
    "max_queue_bytes": [
        (1_048_575, "1048576 or more"),
        ("1000KiB", "1048576 or more"),
        ("64 boxes", "such as 64MiB"),
        ("-64MiB", "such as 64MiB"),
        ("9" * 400 + "GiB", "such as 64MiB"),
        (True, "such as 64MiB"),
    ],
    "spool": [
        (5, "not a path"),
        (THIS_FILE, "there is a file in its place"),
        ("x" * 5_000, "cannot be looked at"),
        ("a\0b", "not a path"),
        ("~nobody-of-that-name/spool", "no such home folder"),
    ],
    "spool_max_bytes": [(1_000, "1048576 or more")],
    "spool_max_age": [(0, "above 0"), ("a week", SECONDS)],
    "durable": [("maybe", "write true or false"), (True, "set spool (OTEL_EXPORTER_SEGMENT_SPOOL) to a folder")],
    "dead_letter": [(b"x", "not a path"), (THIS_FOLDER, "there is a folder in its place")],
    "dead_letter_max_bytes": [(1_000, "1048576 or more")],
    "mapping": [(5, "the path of the mapping file"), ([RULES], "its content as a map"), ("", "a path")],
    "privacy_salt": [("", "a long random secret"), (7, "a long random secret")],
    "disabled": [("maybe", "write true or false"), (2, "write true or false"), (1.0, "write true or false")],
    "auth": [("bearer", "write basic or header or body")],
    "oauth": [(5, "write a map"), (["token"], "write a map"), ({}, "without client_id"), ({"id": "a"}, "none of")],
    "shutdown_timeout": [(-1, "0 or more"), (5_000, "at most 3600"), ("5 s", SECONDS)],
    "on_delivered": [("print", "give a function"), (async_hook, "plain function")],
    "on_dropped": [(5, "give a function")],
    "before_send": [({}, "give a function"), (async_hook, "plain function")],
}

VARIABLES = {row.name: row.variables for row in ROWS}

ARGUMENT_CASES = [(name, value, expected) for name, cases in VALUES.items() for value, expected in cases]
ENVIRONMENT_CASES = [
    (variable, name, value, expected)
    for name, value, expected in ARGUMENT_CASES
    for variable in VARIABLES.get(name, ())
    if isinstance(value, str)
]
WRONG_ARGUMENTS = [(name, value, part) for name, cases in WRONG.items() for value, part in cases]
WRONG_VARIABLES = [
    (variable, name, value, part)
    for name, value, part in WRONG_ARGUMENTS
    for variable in VARIABLES.get(name, ())
    if isinstance(value, str) and value and "\0" not in value
]


def read(arguments: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Resolve settings, with a write key unless the test gives one."""
    with_key = environ or {}
    if not any(variable in with_key for variable in VARIABLES["write_key"]):
        with_key = {"SEGMENT_WRITE_KEY": KEY, **with_key}
    return resolve(arguments or {}, with_key)


def complaint(arguments: Mapping[str, object], environ: Mapping[str, str] | None = None) -> str:
    """Give the message of the error that these settings raise."""
    with pytest.raises(ConfigurationError) as caught:
        read(arguments, environ)

    return str(caught.value)


def outcome(arguments: Mapping[str, object], environ: Mapping[str, str]) -> str:
    """Give what is printed in the end: the settings, or the error."""
    try:
        return repr(resolve(arguments, environ))
    except ConfigurationError as error:
        return str(error)


class TestTable:
    """The one table of settings."""

    def test_every_row_has_its_cases_here(self) -> None:
        """A new setting cannot be forgotten by the tests of values, wrong values and defaults."""
        names = [row.name for row in ROWS]

        assert names == list(VALUES) == list(WRONG) == list(DEFAULTS)

    def test_every_row_is_a_field_and_an_argument(self) -> None:
        """Table, settings and keyword arguments have the same names in the same order."""
        names = [row.name for row in ROWS]

        assert names == [field.name for field in fields(Settings)]
        assert names == list(SettingsArguments.__annotations__)

    def test_variables_are_unique_and_named_after_the_setting(self) -> None:
        """Each setting but the hooks has the variable of its name, or of its parts; none serves two settings."""
        variables = [variable for row in ROWS for variable in row.variables]

        assert len(variables) == len(set(variables))
        assert [row.variables[0] for row in ROWS if row.variables and not row.join] == [
            PREFIX + row.name.upper() for row in ROWS if row.variables and not row.join
        ]
        assert all(name.startswith(PREFIX + row.name.upper()) for row in ROWS if row.join for name in row.variables)
        assert [row.name for row in ROWS if not row.variables] == ["on_delivered", "on_dropped", "before_send"]

    def test_printable_table(self) -> None:
        """The table for the documentation has a full line of text for each setting."""
        lines = {line[0].strip("`"): line for line in table()}

        assert list(lines) == [row.name for row in ROWS]
        assert all(all(cells) and not any("\n" in cell or "|" in cell for cell in cells) for cells in table())
        assert lines["write_key"][1:3] == (
            "`OTEL_EXPORTER_SEGMENT_WRITE_KEY`, else `SEGMENT_WRITE_KEY`",
            "required",
        )
        assert lines["endpoint"][2] == "by region"
        assert lines["max_queue_bytes"][2] == "`64MiB`"
        assert lines["disabled"][2] == "`false`"
        assert lines["on_dropped"][1:3] == ("(code only)", "none")


class TestPrecedence:
    """Argument, then environment, then default."""

    @pytest.mark.parametrize(("name", "expected"), DEFAULTS.items())
    def test_default(self, name: str, expected: object) -> None:
        """A setting that is given nowhere has its documented default."""
        assert getattr(read(), name) == expected

    @pytest.mark.parametrize(("name", "value", "expected"), ARGUMENT_CASES)
    def test_argument(self, name: str, value: object, expected: object) -> None:
        """A setting can be given as a plain value or as its text."""
        assert getattr(read({name: value}), name) == expected

    @pytest.mark.parametrize(("variable", "name", "value", "expected"), ENVIRONMENT_CASES)
    def test_environment(self, variable: str, name: str, value: str, expected: object) -> None:
        """A setting can be given in the environment."""
        assert getattr(read({}, {variable: value}), name) == expected

    @pytest.mark.parametrize("name", [row.name for row in ROWS if row.variables and not row.switch])
    def test_argument_wins_over_environment(self, name: str) -> None:
        """Where both are given the argument counts, and what the environment says is not even read."""
        value, expected = VALUES[name][0]
        wrong = dict.fromkeys(VARIABLES[name], "\x01 wrong")

        assert getattr(resolve({"write_key": KEY, name: value}, wrong), name) == expected

    @pytest.mark.parametrize(("name", "expected"), DEFAULTS.items())
    @pytest.mark.parametrize("empty", ["", "  "])
    def test_none_and_empty_variables_are_not_given(self, name: str, expected: object, empty: str) -> None:
        """``None`` as an argument and an empty variable leave the default."""
        environ = dict.fromkeys(VARIABLES[name], empty) | {"SEGMENT_WRITE_KEY": KEY}

        assert getattr(resolve({name: None}, environ), name) == expected

    def test_the_variable_of_opentelemetry_wins_over_the_one_of_segment(self) -> None:
        """``OTEL_EXPORTER_SEGMENT_WRITE_KEY`` counts before ``SEGMENT_WRITE_KEY``."""
        environ = {"SEGMENT_WRITE_KEY": "other", PREFIX + "WRITE_KEY": KEY}

        assert resolve({}, environ).write_key == KEY

    def test_the_environment_of_the_process_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without another environment, the one of the process counts as it is at that moment."""
        monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
        monkeypatch.setenv(PREFIX + "REGION", "eu")

        assert resolve({}).region == "eu"


class TestUrl:
    """The address that batches are posted to."""

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ({}, "https://api.segment.io/v1/batch"),
            ({"region": "eu"}, "https://events.eu1.segmentapis.com/v1/batch"),
            ({"region": "eu", "endpoint": "cdp.example.com"}, "https://cdp.example.com/v1/batch"),
            ({"endpoint": "https://proxy.example.com/seg/v1"}, "https://proxy.example.com/seg/v1/batch"),
            ({"endpoint": "localhost:3049", "path": "api/s/batch"}, "http://localhost:3049/api/s/batch"),
        ],
    )
    def test_url(self, arguments: dict[str, object], expected: str) -> None:
        """Region, endpoint and path make one address; an endpoint wins over a region."""
        assert read(arguments).url == expected

    def test_endpoint_has_no_path(self) -> None:
        """A prefix in the endpoint moves to the path."""
        got = read({"endpoint": "https://proxy.example.com/seg/"})

        assert (got.endpoint, got.path) == ("https://proxy.example.com", "/seg/v1/batch")


class TestDisabled:
    """The switch that makes every exporter send nothing."""

    @pytest.mark.parametrize(
        ("argument", "variable", "expected"),
        [
            (None, "", False),
            (True, "", True),
            (None, "true", True),
            (True, "false", True),
            (False, "true", True),
            (False, "", False),
            (False, "no", False),
        ],
    )
    def test_either_place_switches_it_on(self, argument: object, variable: str, expected: object) -> None:
        """The environment overrules what the code says, and the code what the environment says."""
        assert read({"disabled": argument}, {PREFIX + "DISABLED": variable}).disabled is expected

    @pytest.mark.parametrize("key", [None, "", "YOUR_WRITE_KEY", "two words"])
    def test_needs_no_write_key(self, key: str | None) -> None:
        """Without a usable key it starts all the same, and has none."""
        assert resolve({"disabled": True, "write_key": key}, {}).write_key == ""

    def test_keeps_a_usable_write_key(self) -> None:
        """A key that was given is there."""
        assert resolve({"disabled": True, "write_key": KEY}, {}).write_key == KEY

    def test_other_settings_are_still_checked(self) -> None:
        """A wrong value fails although nothing would be sent."""
        assert "timeout" in complaint({"disabled": True, "timeout": "soon"})


class TestWrongValues:
    """What is wrong fails at once, with all that is needed to mend it."""

    @pytest.mark.parametrize(("name", "value", "part"), WRONG_ARGUMENTS)
    def test_argument(self, name: str, value: object, part: str) -> None:
        """The message has the setting, the argument and the cure."""
        message = complaint({name: value})

        assert message.startswith(f"otel_segment cannot start. {name}: ")
        assert f'argument "{name}"' in message
        assert part in message

    @pytest.mark.parametrize(("variable", "name", "value", "part"), WRONG_VARIABLES)
    def test_environment(self, variable: str, name: str, value: str, part: str) -> None:
        """The message has the setting, the variable and the cure."""
        message = complaint({}, {variable: value})

        assert message.startswith(f"otel_segment cannot start. {name}: ")
        assert f"environment variable {variable}" in message
        assert part in message

    @pytest.mark.parametrize(
        ("name", "value", "shown"),
        [
            ("timeout", "soon", "'soon'"),
            ("timeout", True, "True"),
            ("region", "asia", "'asia'"),
            ("path", "/my batch", "'/my batch'"),
            ("endpoint", "ftp://example.com/x", "'ftp://example.com/x'"),
            ("write_key", "SEGMENT_WRITE_KEY", "'SEGMENT_WRITE_KEY'"),
            ("write_key", "${SEGMENT_WRITE_KEY}", "'${SEGMENT_WRITE_KEY}'"),
            ("write_key", 5, "a value of type int"),
            ("auth", "x" * 1_000, "xxx..."),
        ],
    )
    def test_shows_what_was_there(self, name: str, value: object, shown: str) -> None:
        """The message has the value, shortened, where it is no secret."""
        message = complaint({name: value})

        assert shown in message
        assert len(message) < 500

    def test_unreadable_certificate(self) -> None:
        """A certificate that exists but may not be read is refused."""
        with TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            place = Path(folder, "ca.pem")
            place.write_text("x")
            place.chmod(0)

            with as_ordinary_user():
                assert "may not be read" in complaint({"certificate": place})

    @pytest.mark.parametrize("key", [None, ""])
    def test_missing_write_key(self, key: str | None) -> None:
        """Without a key, the message says every place to put it, where to find it and how to do without."""
        with pytest.raises(ConfigurationError) as caught:
            resolve({"write_key": key}, {})

        message = str(caught.value)

        assert "write_key" in message
        assert "Connections > Sources >" in message
        assert "API keys" in message
        if key is None:
            assert "OTEL_EXPORTER_SEGMENT_WRITE_KEY" in message
            assert "or SEGMENT_WRITE_KEY" in message
            assert "set disabled" in message

    @pytest.mark.parametrize(
        ("name", "near"),
        [
            ("timout", "timeout"),
            ("writeKey", "write_key"),
            ("write_keys", "write_key"),
            ("end_point", "endpoint"),
            ("ON_DROP", "on_dropped"),
        ],
    )
    def test_unknown_keyword(self, name: str, near: str) -> None:
        """A keyword that does not exist is named, with the nearest that does and with all of them."""
        message = complaint({name: None})

        assert f'argument "{name}"' in message
        assert f"did you mean {near}?" in message
        assert all(row.name in message for row in ROWS)

    def test_unknown_keyword_without_a_near_one(self) -> None:
        """Nothing is suggested where nothing is near."""
        message = complaint({"zzz": 1})

        assert 'argument "zzz"' in message
        assert "did you mean" not in message

    @pytest.mark.parametrize("salt", ["", "  ", 7])
    def test_a_salt_that_is_none(self, salt: object) -> None:
        """A secret is a text, and is never shown."""
        message = complaint({"privacy_salt": salt})

        assert 'argument "privacy_salt"' in message
        assert "long random secret" in message
        assert "***" in message

    def test_the_salt_is_not_shown(self) -> None:
        """The settings print without their secrets."""
        assert "s3cret" not in repr(read({"privacy_salt": "s3cret"}))

    def test_all_problems_at_once(self) -> None:
        """Several problems are told in one error, a line each."""
        with pytest.raises(ConfigurationError) as caught:
            resolve({"timout": 5, "timeout": 0, "privacy_salt": 7}, {PREFIX + "REGION": "asia"})

        first, *lines = str(caught.value).splitlines()

        assert "5 settings" in first
        assert [line.split(":")[0] for line in lines] == [
            "- timout",
            "- region",
            "- timeout",
            "- privacy_salt",
            "- write_key",
        ]

    def test_dead_letter_over_the_spool(self) -> None:
        """The dead-letter file must not be one of the spool's own, but may lie in its folder."""
        message = complaint({"spool": "/nowhere", "dead_letter": "/nowhere/spool.db"})

        assert "dead_letter: /nowhere/spool.db is a file of the spool itself" in message
        assert read({"spool": "/nowhere", "dead_letter": "/nowhere/dead.jsonl"}).dead_letter == "/nowhere/dead.jsonl"

    def test_is_a_value_error(self) -> None:
        """Code that knows nothing of this library can catch it; no inner error with the value is shown."""
        with pytest.raises(ValueError, match="timeout") as caught:
            read({"timeout": "soon"})

        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


class TestSecrets:
    """The write key and what headers hold are never shown."""

    @pytest.mark.parametrize(
        ("secret", "shown"),
        [
            ("", ""),
            ("a", "***"),
            ("short-key-1", "***"),
            ("long-key-f3a1", "***f3a1"),
            (KEY, "***f3a1"),
            ("long-key-with-\x00é\n", "***"),
        ],
    )
    def test_masked(self, secret: str, shown: str) -> None:
        """Four characters at the end are shown at most, and none of a short secret."""
        assert masked(secret) == shown

    def test_repr(self) -> None:
        """The printed settings have everything but secrets."""
        got = read({"headers": {"X-Token": "s3cret"}, "mapping": {"salt": "s3cret"}, "region": "eu"})

        for text in (repr(got), str(got), f"{got}"):
            assert text.startswith("Settings(write_key='***f3a1', endpoint='https://events.eu1.")
            assert "headers={'X-Token': '***'}, certificate=None" in text
            assert "mapping=Ellipsis" in text
            assert "s3cret" not in text
            assert KEY not in text

    @pytest.mark.parametrize(
        "headers",
        [
            "s3cret",
            "Authorization: Bearer s3cret=",
            {"X-A": "s3cret\n"},
            {"Authorization": "s3cret"},
            ["s3cret"],
        ],
    )
    def test_headers_in_errors(self, headers: object) -> None:
        """No error has a part of what stands in the headers but the name of one."""
        assert "s3cret" not in complaint({"headers": headers})

    @pytest.mark.parametrize(
        "endpoint",
        [
            "https://s3cret@api.segment.io",
            "s3cret:s3cret@api.segment.io",
            "https://user:s3cret/x@api.segment.io",
            "https://api.segment.io?writeKey=s3cret",
            "https://api.segment.io/v1#s3cret",
        ],
    )
    def test_endpoint_in_errors(self, endpoint: str) -> None:
        """Credentials that stand in a URL are not shown."""
        assert "s3cret" not in complaint({"endpoint": endpoint})

    # The middle stands in no message of its own accord.
    halves = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4) | st.text(min_size=4)
    keys = st.builds("{}Zq9#vK2x{}".format, halves, halves)
    places = st.sampled_from([row.name for row in ROWS if row.name != "write_key"])

    @settings(deadline=None)
    @given(key=keys, in_environment=st.booleans(), place=places)
    def test_key_is_never_shown(self, key: str, in_environment: bool, place: str) -> None:
        """Neither printed settings nor any error has the key, wherever it was put by mistake."""
        arguments: dict[str, Any] = {} if in_environment else {"write_key": key}
        environ = {"SEGMENT_WRITE_KEY": key} if in_environment else {}
        mistakes: list[dict[str, Any]] = [{}, {"timeout": "soon"}, {place: key}, {place: [key]}]
        texts = [outcome({**arguments, **mistake}, environ) for mistake in mistakes]
        spellings = (key.strip(), repr(key.strip())[1:-1])

        assert not [text for text in texts for spelling in spellings if spelling in text]


class TestSettings:
    """The frozen result."""

    def test_is_frozen(self) -> None:
        """Nothing can be changed or added afterwards, and the errors of trying do not show the key."""
        got: Any = read({"headers": {"X-A": "b"}})

        with pytest.raises(FrozenInstanceError) as caught:
            got.write_key = "other"
        with pytest.raises(TypeError):
            got.headers["X-A"] = "c"

        assert KEY not in str(caught.value)
        assert not hasattr(got, "__dict__")

    def test_a_change_to_what_was_given_does_not_reach_it(self) -> None:
        """The headers are copied."""
        headers = {"X-A": "b"}
        got = read({"headers": headers})
        headers["X-A"] = "c"

        assert got.headers == {"X-A": "b"}

    def test_equal_settings_are_equal(self) -> None:
        """Settings are values: two that were read from the same are equal, whatever the spelling."""
        assert read({"timeout": "10", "endpoint": "api.segment.io/v1/"}) == read()

    def test_importing_is_light(self) -> None:
        """Reading settings loads neither the SDK nor an HTTP client nor the JSON library."""
        code = "import sys, otel_segment._env; print(*{name.partition('.')[0] for name in sys.modules})"
        loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

        assert not {"requests", "urllib3", "msgspec", "opentelemetry"} & set(loaded.split())
