"""The guide to testing: what it shows is run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python(?: (test_\w+\.py))?\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def run(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in a folder."""
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)


def test_tests(tmp_path: Path) -> None:
    """Its tests pass as they stand."""
    for name, program in PROGRAMS:
        if name:
            (tmp_path / name).write_text(program, encoding="utf-8")
    (ini,) = re.findall(r"^```ini\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    (tmp_path / "pytest.ini").write_text(ini, encoding="utf-8")

    ended = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert ended.returncode == 0, ended.stdout
    assert "5 passed" in ended.stdout


@pytest.mark.parametrize("program", [program for name, program in PROGRAMS if not name])
def test_programs(tmp_path: Path, program: str) -> None:
    """Its programs run to their end."""
    ended = run(tmp_path, "-c", program)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_failure() -> None:
    """A failure reads as it is shown."""
    (shown,) = re.findall(r"^```text\n(no event.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    from otel_segment import analytics
    from otel_segment.testing import capture_events

    with capture_events() as events:
        analytics.track("u-1042", "Order Completed", {"revenue": 42.5})
        analytics.track("u-1042", "Receipt Sent")
        with pytest.raises(AssertionError) as error:
            events.tracked("Order Completed", user_id="u-1042", revenue=50)

    assert str(error.value) + "\n" == shown
