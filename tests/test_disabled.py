"""``OTEL_EXPORTER_SEGMENT_DISABLED``: whatever is set up, nothing leaves the process, and nothing stays of it."""

import json
from pathlib import Path

import pytest
from running import environment, run

FLAG = "OTEL_EXPORTER_SEGMENT_DISABLED"


def settings(folder: Path) -> dict[str, str]:
    """Return an environment in which everything is set that would make files or connections, but no write key."""
    prefix = "OTEL_EXPORTER_SEGMENT_"
    given = {
        "SPOOL": str(folder / "spool"),
        "DURABLE": "true",
        "DEAD_LETTER": str(folder / "dead" / "letters.jsonl"),
        "OAUTH_CLIENT_ID": "client",
        "OAUTH_KEY_ID": "key",
        "OAUTH_KEY_FILE": str(folder / "no-such-key.pem"),
    }
    return {"SEGMENT_WRITE_KEY": ""} | {prefix + name: value for name, value in given.items()}


def test_nothing_is_touched(tmp_path: Path) -> None:
    """All doors, the web instrumentation, OAuth and the spool open no socket and no file, and start no thread."""
    env = environment("https://api.segment.io", **settings(tmp_path), **{FLAG: "true"})

    ended = run("untouching.py", str(tmp_path), env=env)

    assert (ended.returncode, ended.stderr) == (0, "")
    said = json.loads(ended.stdout)
    assert said["touched"] == []
    assert list(tmp_path.iterdir()) == []
    assert said["unaccounted"] == 0
    # By configure(), analytics, the two processors of the SDK, spans, the web; and the child's own.
    assert said["withheld"] == {"parent": 6, "child": 1}
    assert said["dropped"] == {"missing_identity": 1, "shutdown": 1}
    assert said["settled"] == [True, True]


def test_the_program_would_touch(tmp_path: Path) -> None:
    """The same program without the variable is seen to open sockets: the look is no illusion."""
    env = environment("http://127.0.0.1:9", OTEL_EXPORTER_SEGMENT_MAX_RETRY_TIME="0")

    ended = run("untouching.py", str(tmp_path), env=env)

    touched = json.loads(ended.stdout)["touched"]
    assert any(each.startswith("socket") for each in touched)
    assert any(each.startswith("thread otel-segment") for each in touched)


@pytest.mark.parametrize("value", ["true", "1", "TRUE"])
def test_argument_cannot_switch_it_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable goes before every argument."""
    from otel_segment._env import resolve

    monkeypatch.setenv(FLAG, value)

    assert resolve({"disabled": False, "write_key": "wk"}).disabled
