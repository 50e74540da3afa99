"""The guides under ``docs``: their examples are run, and what they link to is there."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from test_cases import as_json, log_record, readable_span

from otel_segment import Mapping, SegmentLogRecordProcessor, SegmentSpanExporter
from otel_segment.inspector import LocalEndpoint
from otel_segment.instrumentation import (
    SegmentDjangoInstrumentor,
    SegmentFlaskInstrumentor,
    SegmentStarletteInstrumentor,
)
from otel_segment.instrumentation._page_view import refusal
from otel_segment.instrumentation._request import WsgiRequest
from otel_segment.instrumentation._settings import ROWS

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MAPPING = (DOCS / "mapping.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "reference-systems.md").read_text(encoding="utf-8")
WEB = (DOCS / "web.md").read_text(encoding="utf-8")
SALT = "pepper"

ABSENT = object()
"""What stands for the word ``missing``."""


class Block(NamedTuple):
    """A fenced block, and where it stands."""

    kind: str
    text: str
    section: str
    line: int


class Example(NamedTuple):
    """A mapping, events, and what they become."""

    mapping: Any
    has_salt: bool
    events: list[dict[str, Any]]
    results: list[dict[str, Any]]


def blocks() -> Iterator[Block]:
    """Yield the fenced blocks of the guide."""
    section = ""
    for found in re.finditer(r"^## (?P<section>.+)$|^```(?P<kind>.+)\n(?P<text>(?:.*\n)*?)```$", MAPPING, re.MULTILINE):
        section = found["section"] or section
        if found["kind"]:
            yield Block(found["kind"], found["text"], section, MAPPING.count("\n", 0, found.start()) + 1)


BLOCKS = list(blocks())


def values(text: str) -> list[Any]:
    """Return the JSON values that stand one after the other."""
    decoder, found, position = json.JSONDecoder(), [], 0
    while position < len(text.rstrip()):
        value, position = decoder.raw_decode(text, position)
        found.append(value)
        position += len(text[position:]) - len(text[position:].lstrip())
    return found


def examples() -> Iterator[Any]:
    """Yield the examples: each is three blocks that follow each other."""
    for first, second, third in zip(BLOCKS, BLOCKS[1:], BLOCKS[2:], strict=False):
        if first.kind.startswith("yaml mapping"):
            assert (second.kind, third.kind) == ("json event", "json result"), f"line {first.line}"
            example = Example(
                yaml.safe_load(first.text), first.kind.endswith(" salt"), values(second.text), values(third.text)
            )
            yield pytest.param(example, id=f"{first.section}, line {first.line}")


def become(mapping: Any, events: list[dict[str, Any]], *, has_salt: bool = False) -> list[dict[str, Any]]:
    """Return what events become: calls, and the reasons of drops."""
    found: list[dict[str, Any]] = []

    def look(message: dict[str, Any]) -> dict[str, Any]:
        found.append(message)
        return message

    settings: Any = {
        "write_key": "docs-key",
        "disabled": True,
        "mapping": mapping,
        "privacy_salt": SALT if has_salt else None,
        "before_send": look,
        "on_dropped": lambda reason, messages: found.extend({"dropped": reason.value} for _ in messages),
    }
    if any("kind" in event for event in events):
        span_processor = SimpleSpanProcessor(SegmentSpanExporter(**settings))
        for span in events:
            span_processor.on_end(readable_span({"events": [], **span}, Resource({}), InstrumentationScope("docs")))
        span_processor.shutdown()
        return found
    processor = SegmentLogRecordProcessor(**settings)
    for event in events:
        provider = LoggerProvider(Resource(event.get("resource", {})), shutdown_on_exit=False)
        provider.add_log_record_processor(processor)
        scope = event.get("scope", {})
        provider.get_logger(scope.get("name", "docs"), scope.get("version")).emit(log_record(event))
    processor.shutdown()
    return found


def shortened(payload: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    """Return a payload without what the guide leaves out, unless it is shown all the same."""
    short = {key: value for key, value in payload.items() if key in shown or key not in {"messageId", "timestamp"}}
    if "context" in short:
        context = {key: value for key, value in short["context"].items() if key not in {"channel", "library"}}
        short["context"] = context
        if not context:
            del short["context"]
    return short


def table(name: str, text: str = MAPPING) -> Iterator[list[str]]:
    """Yield the rows of the tables that stand between two marks."""
    found = re.findall(rf"<!-- {name}: begin -->\n(.*?)<!-- {name}: end -->", text, re.DOTALL)
    assert found, f"no table is marked {name}"
    for rows in found:
        for row in rows.strip().splitlines()[2:]:
            yield [cell.strip() for cell in row.strip("|").split(" |")]


def code(cell: str) -> list[str]:
    """Return what stands as code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def shown_values(cell: str) -> list[Any]:
    """Return the values that a cell shows, one of which may be the word missing."""
    missing = [ABSENT] if "missing" in re.sub(r"`[^`]+`", "", cell) else []
    return [json.loads(text) for text in code(cell)] + missing


@pytest.mark.parametrize("example", list(examples()))
def test_examples(example: Example) -> None:
    """Each example of the guide gives the result that stands there."""
    found = become(example.mapping, example.events, has_salt=example.has_salt)

    shortened_all = [shortened(each, shown) for each, shown in zip(found, example.results, strict=False)]
    assert as_json(example.results) == as_json(shortened_all), json.dumps(found, indent=1)
    assert len(example.results) == len(found)


def test_all_blocks_are_run() -> None:
    """There is no block in the guide that no test reads."""
    event = next(block for block in BLOCKS if block.section == "Where values are looked for")

    others = [block for block in BLOCKS if not re.match(r"(yaml mapping|json event|json result)", block.kind)]
    assert [block.kind for block in others] == ["yaml otel", "python", "console"]
    assert len([block for block in BLOCKS if block.kind == "json event"]) == len(list(examples())) + 1
    assert event.kind == "json event"


def value_of(value: Any) -> Any:
    """Return what a value of the mapping is for the event of the guide's tables."""
    block = next(block for block in BLOCKS if block.section == "Where values are looked for")
    (call,) = become({"rules": [{"match": "*", "properties": {"it": value}}]}, values(block.text))
    return call["properties"].get("it", ABSENT)


@pytest.mark.parametrize(("name", "expected"), [(code(row[0])[0], row[2]) for row in table("names")])
def test_names(name: str, expected: str) -> None:
    """Each name of the table stands for the value that it shows."""
    assert as_json(shown_values(expected)) == [as_json(value_of(name))]


@pytest.mark.parametrize(("value", "expected"), [(row[1], row[2]) for row in table("values")])
def test_values(value: str, expected: str) -> None:
    """Each form of a value gives what the table shows."""
    assert as_json(shown_values(expected)) == [as_json(value_of(yaml.safe_load(code(value)[0])))]


@pytest.mark.parametrize(("condition", "holding", "others"), list(table("conditions")))
def test_conditions(condition: str, holding: str, others: str) -> None:
    """Each condition of the table holds for the values that it shows, and for no others of them."""
    match = {"event": "E", "attributes": {"it": yaml.safe_load(code(condition)[0])}}

    def holds(value: Any) -> bool:
        attributes = {"user.id": "u", **({} if value is ABSENT else {"it": value})}
        return bool(become({"rules": [{"match": match}]}, [{"event_name": "E", "attributes": attributes}]))

    assert [holds(value) for value in shown_values(holding)] == [True] * len(shown_values(holding))
    assert [holds(value) for value in shown_values(others)] == [False] * len(shown_values(others))


def test_keys() -> None:
    """The list of all keys is that of the document's types."""
    parts = parts_of(msgspec.inspect.type_info(Mapping), {}).values()
    expected = sorted(sorted(field.encode_name for field in part.fields) for part in parts)

    listed = sorted(sorted(code(row[1])) for row in table("keys"))
    assert listed == [each for each in expected if each not in (["properties"], ["traits"])]


def parts_of(kind: Any, seen: dict[type, Any]) -> dict[type, Any]:
    """Add to parts of the document those that are in a type."""
    if isinstance(kind, msgspec.inspect.StructType):
        if kind.cls in seen:
            return seen
        seen[kind.cls] = kind
        inner = [field.type for field in kind.fields]
    else:
        found = [getattr(kind, name, ()) for name in ("types", "item_type", "value_type")]
        inner = [each for item in found for each in (item if isinstance(item, tuple) else (item,))]
    for each in inner:
        parts_of(each, seen)
    return seen


def test_declarative_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The declarative configuration file is one that its reader takes, and its mapping one that we take."""
    configuration = pytest.importorskip("opentelemetry.configuration")
    (block,) = [block for block in BLOCKS if block.kind == "yaml otel"]
    path = tmp_path / "otel.yaml"
    path.write_text(block.text, encoding="utf-8")
    monkeypatch.setenv("SEGMENT_WRITE_KEY", "docs-key")

    loaded: Any = configuration.load_config_file(str(path))

    assert len(loaded.logger_provider.processors) == 1
    mapping = yaml.safe_load(block.text)["logger_provider"]["processors"][0]["batch"]["exporter"]["segment"]["mapping"]
    events = [{"event_name": name, "attributes": {"user.id": "u"}} for name in ("debug it", "order")]
    assert [each.get("event") for each in become(mapping, events)] == [None, "order"]


def test_program() -> None:
    """The program runs as it stands, and its call arrives as its mapping says."""
    (block,) = [block for block in BLOCKS if block.kind == "python"]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "SEGMENT_"))}
    with LocalEndpoint() as endpoint:
        done = subprocess.run(
            [sys.executable, "-c", block.text],
            env={**inherited, "OTEL_EXPORTER_SEGMENT_ENDPOINT": endpoint.url, "SEGMENT_WRITE_KEY": "docs-key"},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        (event,) = endpoint.received

    assert event.message["properties"] == {"total": 42.5}


def test_commands(tmp_path: Path) -> None:
    """The commands run with the guide's own first file."""
    (block,) = [block for block in BLOCKS if block.kind == "console"]
    mapping, events, _ = [block for block in BLOCKS if block.section == "A first file"]
    (tmp_path / "mapping.yaml").write_text(mapping.text, encoding="utf-8")
    (tmp_path / "events.jsonl").write_text(events.text, encoding="utf-8")
    for command in block.text.splitlines():
        words = command.removeprefix("$ otel-segment ").split()
        done = subprocess.run(
            [sys.executable, "-m", "otel_segment", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), command
        assert done.stdout


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_links(path: Path) -> None:
    """Links within the guides lead somewhere."""
    text = path.read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    targets = re.findall(r"\]\(([^)\s]+)\)", text)

    assert [target for target in targets if target.startswith("#") and target[1:] not in headings] == []
    files = [target.partition("#")[0] for target in targets if not target.startswith(("#", "http"))]
    assert [file for file in files if not (DOCS / file).exists()] == []


# The guide to web applications.

USUAL = {"status": "200", "Content-Type": "text/html"}
OF_THE_ANSWER = {"Content-Type", "Content-Disposition"}


def is_page(said: str) -> bool:
    """Tell whether a request or an answer of which this is said, and the usual else, is a page view."""
    name, _, value = said.partition(": ")
    given = {name: value} if value else {"status" if said.isdecimal() else "method": said}
    answer = {**USUAL, **{key: each for key, each in given.items() if key in {*OF_THE_ANSWER, *USUAL}}}
    sent = {key: each for key, each in given.items() if key not in {*answer, "method"}}
    headers = {f"HTTP_{key.upper().replace('-', '_')}": each for key, each in sent.items()}
    request = WsgiRequest({"REQUEST_METHOD": given.get("method", "GET"), **headers})
    disposition = answer.get("Content-Disposition", "")
    return refusal(request, int(answer["status"]), answer["Content-Type"], disposition) is None


@pytest.mark.parametrize(("pages", "others"), [(row[1], row[2]) for row in table("page views", WEB)])
def test_page_views(pages: str, others: str) -> None:
    """What the table calls a page is one, and what it calls none is none."""
    assert {said: is_page(said) for said in code(pages)} == dict.fromkeys(code(pages), True)
    assert {said: is_page(said) for said in code(others)} == dict.fromkeys(code(others), False)


def test_web_settings() -> None:
    """Every setting of the web instrumentation is explained, and its places are there."""
    assert [row.name for row in ROWS if row.name not in WEB and row.variables[0] not in WEB] == []
    for module, name in re.findall(r"`(otel_segment\.instrumentation\.\w+)\.(\w+)", WEB):
        if module.rpartition(".")[2] in {"wsgi", "asgi"}:
            assert hasattr(import_module(module), name)


def test_web_versions() -> None:
    """The oldest versions of frameworks that the guide and the README name are those of the instrumentors."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for kind in (SegmentFlaskInstrumentor, SegmentDjangoInstrumentor, SegmentStarletteInstrumentor):
        (said,) = kind().instrumentation_dependencies()
        framework, version = said.title().split(" >= ")

        assert f"| {framework} {version}" in WEB
        assert f"{framework}** from {version} on" in readme.replace("**,", "**")


def test_web_excluded_urls() -> None:
    """The paths that the guide says are excluded by default are."""
    section = WEB[WEB.index("### Excluded URLs") :].split("By default", 1)[1].split(";", 1)[0]
    (pattern,) = [row.default for row in ROWS if row.name == "excluded_urls"]

    paths = [path + "x" * path.endswith("/") for path in code(section)]
    assert [path for path in paths if not re.search(str(pattern), f"http://shop.example{path}")] == []
    assert len(paths) == 9


def test_web_program() -> None:
    """The program of the guide to web applications runs."""
    (program,) = re.findall(r"^```python\n(.*?)^```", WEB, re.DOTALL | re.MULTILINE)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=180, check=False)

    assert (done.returncode, done.stderr) == (0, "")


# The table of the reference systems.

REFERENCE_ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in REFERENCE.splitlines()
    if line.startswith("| ") and not line.startswith("| there |")
]
UNDONE = "Deliberately not: "
"""What a row begins with that needs no test."""


@cache
def names_of(path: Path) -> frozenset[str]:
    """Return the names of the tests in a file; those of a class after the class's and two colons."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found.update(f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef))
    return frozenset(found)


def is_there(link: str) -> bool:
    """Tell whether the test or the case that a row names is there."""
    if ".json: " in link:
        file, _, title = link.partition(": ")
        return title in {case["title"] for case in json.loads((ROOT / file).read_text(encoding="utf-8"))}
    file, _, name = link.partition("::")
    return (ROOT / file).is_file() and name.rpartition("::")[2].startswith("test_") and name in names_of(ROOT / file)


def test_reference_links() -> None:
    """Every test and every case that the table names is there."""
    linked = [link for row in REFERENCE_ROWS for link in code(row[-1])]

    assert [link for link in linked if not is_there(link)] == []
    assert len(linked) > len(REFERENCE_ROWS) / 2


def test_reference_rows() -> None:
    """Every feature that is there has a test, and every one that is not a reason."""
    assert [row for row in REFERENCE_ROWS if len(row) != 3] == []
    assert [row for row in REFERENCE_ROWS if not row[1].startswith(UNDONE) and not code(row[2])] == []
    assert [row for row in REFERENCE_ROWS if row[1].startswith(UNDONE) and len(row[1].split(": ", 1)[1]) < 10] == []
