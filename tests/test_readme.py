"""The README: its tables are the code's own, its commands CI's, its examples run."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from otel_segment import DropReason
from otel_segment._env import table
from otel_segment.inspector import LocalEndpoint

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
DOCUMENTS = re.findall(r"^```yaml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def marked(name: str) -> str:
    """Return what stands between two marks."""
    found = re.search(rf"<!-- {name}: begin -->\n(.*?)<!-- {name}: end -->", README, re.DOTALL)
    assert found, f"the README has no place marked {name}"
    return found[1].strip()


def test_settings_table() -> None:
    """The table of settings is the one that the settings are read by."""
    head = ["| setting | environment variable | default | meaning |", "|---|---|---|---|"]
    expected = "\n".join([*head, *(f"| {' | '.join(row)} |" for row in table())])

    assert marked("settings") == expected, f"the README should have:\n{expected}"


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
            timeout=60,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert all(not event.problems for event in endpoint.received)
    assert len(endpoint.received) >= 1 or "LocalEndpoint" in program


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
                "otel_segment.analytics.track('u', 'debug this')\n"
                "print(*otel_segment.stats().dropped)"
            )
            monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_ENDPOINT", endpoint.url)
            done = subprocess.run(
                [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60, check=False
            )
        assert (done.stdout, done.stderr) == ("ignored_by_rule\n", "")


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
