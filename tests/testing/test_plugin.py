"""The plugin of pytest, in test runs of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider

from otel_segment import analytics, configure
from otel_segment.testing import SegmentServer, capture_events

LOADED = (LoggerProvider, TracerProvider, analytics, configure, SegmentServer, capture_events)
"""What a run in this process must not load: at its end pytester forgets what it has loaded, which goes on living."""

pytest_plugins = ["pytester"]

SHOP = """
from opentelemetry._logs import LogRecord, get_logger
from otel_segment import analytics

logger = get_logger("shop")

def order(number):
    analytics.track("u-1", "Order Completed", {"number": number})

def log(number):
    attributes = {"analytics.type": "track", "user.id": "u-1", "number": number}
    logger.emit(LogRecord(event_name="Logged", attributes=attributes))
"""

FULLY_SET_UP = """
import otel_segment
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

def set_up(**settings):
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(otel_segment.SegmentLogRecordExporter(**settings)))
    set_logger_provider(provider)
"""


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with an application in it."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(shop=SHOP, wired=FULLY_SET_UP)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the project's tests in this process."""
    return project.runpytest_inprocess("-p", "no:cacheprovider", "-p", "otel_segment.testing.plugin", *arguments)


def run_apart(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the project's tests in a process of their own, which has no other plugins."""
    options = ("-p", "no:cacheprovider", "-p", "otel_segment.testing.plugin")
    return project.runpytest_subprocess(*options, *arguments)


def test_tests_are_apart(shop: pytest.Pytester) -> None:
    """A test sees its own events alone: not those of other tests, of imports, or of tests without the fixture."""
    shop.makepyfile(
        """
        import pytest, shop

        shop.order(-1)

        @pytest.mark.parametrize("number", range(3))
        def test_order(number, segment_events):
            shop.order(number)
            shop.log(number)
            assert [event["properties"]["number"] for event in segment_events] == [number, number]

        def test_without():
            shop.order(9)
            shop.log(9)

        def test_nothing(segment_events):
            segment_events.none()
        """
    )

    run(shop).assert_outcomes(passed=5)


@pytest.mark.parametrize("when", ["import", "session fixture", "fixture before", "test"])
def test_application_sets_itself_up(shop: pytest.Pytester, when: str) -> None:
    """Wherever the application sets its exporters up, with an SDK queue before them, they are seen and not sent."""
    places = {
        "import": "wired.set_up()",
        "session fixture": "@pytest.fixture(scope='session')\ndef app():\n    wired.set_up()",
        "fixture before": "@pytest.fixture\ndef app():\n    wired.set_up()",
        "test": "",
    }
    shop.makepyfile(
        f"""
import pytest, shop, wired

{places[when]}

@pytest.mark.parametrize("number", range(3))
def test_order({"app, " if "fixture" in when else ""}segment_events, number):
    {"wired.set_up()" if when == "test" else "pass"}
    shop.order(number)
    shop.log(number)
    assert [event["properties"]["number"] for event in segment_events] == [number, number]
"""
    )

    run_apart(shop, "-o", "segment_disabled=true").assert_outcomes(passed=3)


@pytest.mark.parametrize("scope", ["class", "module", "session"])
def test_set_up_for_many_tests(shop: pytest.Pytester, scope: str) -> None:
    """What a fixture of a wider scope sets up holds for all of its tests, and no longer; its events are nobody's."""
    module = f"""
import pytest, shop, otel_segment

@pytest.fixture(scope="{scope}")
def app():
    otel_segment.configure(mapping={{"rules": [{{"match": "*", "name": __name__}}]}})
    shop.order(0)
    yield
    shop.order(9)

class TestShop:
    @pytest.mark.parametrize("number", range(3))
    def test_order(self, app, segment_events, number):
        shop.order(number)
        shop.log(number)
        assert [event["event"] for event in segment_events] == [__name__, __name__]
"""
    shop.makepyfile(test_a=module)
    last = """
from opentelemetry._logs import get_logger_provider
from opentelemetry.sdk._logs import LoggerProvider

def test_taken_away():
    assert not isinstance(get_logger_provider(), LoggerProvider)
"""
    if scope != "session":
        shop.makepyfile(test_b=module, test_c=last)

    run_apart(shop).assert_outcomes(passed=3 if scope == "session" else 7)


def test_late_fixture_for_many_tests(shop: pytest.Pytester) -> None:
    """A fixture of a wider scope that is asked for in the middle of a test takes nothing of the test away."""
    shop.makepyfile(
        """
        import pytest, shop, otel_segment

        @pytest.fixture(scope="session")
        def database():
            shop.order(0)

        @pytest.mark.parametrize("number", range(2))
        def test_order(number, request, segment_events):
            otel_segment.configure(mapping={"rules": [{"match": "*", "name": "Mapped"}]})
            shop.order(number)
            request.getfixturevalue("database")
            shop.order(number)
            shop.log(number)
            assert [event["event"] for event in segment_events] == ["Mapped"] * 3
        """
    )

    run_apart(shop).assert_outcomes(passed=2)


def test_block_for_many_tests(shop: pytest.Pytester) -> None:
    """A block that a fixture of a wider scope begins sees what the tests in it do not see for themselves."""
    shop.makepyfile(
        """
        import pytest, shop
        from opentelemetry.sdk._logs._internal import SynchronousMultiLogRecordProcessor
        from otel_segment.testing import capture_events

        untouched = SynchronousMultiLogRecordProcessor.on_emit

        class TestBlock:
            @pytest.fixture(scope="class")
            def block(self):
                with capture_events() as events:
                    yield events

            def test_inside(self, block, segment_events):
                shop.order(1)
                assert len(segment_events) == 1
                block.none()

            def test_without(self, block):
                shop.order(2)
                assert len(block) == 1

            def test_again(self, block, segment_events):
                shop.order(3)
                assert (len(segment_events), len(block)) == (1, 1)

        def test_afterwards():
            assert SynchronousMultiLogRecordProcessor.on_emit is untouched
        """
    )

    run_apart(shop).assert_outcomes(passed=4)


def test_no_sockets_no_threads_no_write_key(shop: pytest.Pytester) -> None:
    """Nothing opens a socket, and reading what was emitted starts no thread."""
    shop.makeconftest(
        """
        import sys, threading

        def forbid(event, arguments):
            if event.startswith("socket."):
                raise PermissionError(event)

        sys.addaudithook(forbid)
        """
    )
    shop.makepyfile(
        """
        import threading, otel_segment, shop

        def test_events(segment_events):
            otel_segment.configure()
            shop.order(1)
            shop.log(2)
            assert len(segment_events) == 2
            assert [thread for thread in threading.enumerate() if thread.name.startswith("otel-segment")] == []
        """
    )

    run_apart(shop).assert_outcomes(passed=1)


def test_marked_settings(shop: pytest.Pytester) -> None:
    """Settings come from the fixture segment_settings, and from markers: the nearest has the last word."""
    shop.makepyfile(
        """
        import pytest, shop

        def renamed(name):
            return {"rules": [{"match": "Order Completed", "name": name}]}

        pytestmark = pytest.mark.segment(mapping=renamed("by module"))

        @pytest.mark.segment(mapping=renamed("by test"))
        def test_marker(segment_events):
            shop.order(1)
            segment_events.tracked("by test")

        def test_module(segment_events):
            shop.order(1)
            segment_events.tracked("by module")

        class TestFixture:
            @pytest.fixture
            def segment_settings(self):
                return {"before_send": lambda message: message | {"event": message["event"] + " edited"}}

            def test_both(self, segment_events):
                shop.order(1)
                segment_events.tracked("by module edited")

        @pytest.mark.segment(timeout="soon")
        def test_wrong(segment_events):
            pass

        @pytest.mark.segment({"timeout": 3})
        def test_without_name(segment_events):
            pass

        class TestWrongFixture:
            @pytest.fixture
            def segment_settings(self):
                return {"timeot": 3}

            def test_wrong(self, segment_events):
                pass
        """
    )

    result = run(shop)

    result.assert_outcomes(passed=3, errors=3)
    result.stdout.fnmatch_lines(
        [
            "wrong settings by @pytest.mark.segment or segment_settings: * timeout: cannot use 'soon'*",
            "@pytest.mark.segment takes settings by name*",
            "wrong settings *timeot: no such setting*did you mean timeout?*",
        ]
    )
    assert "environ" not in result.stdout.str()


def test_failure(shop: pytest.Pytester) -> None:
    """A failure points at the test's own line, and shows the difference."""
    shop.makepyfile(
        """
        import shop

        def test_revenue(segment_events):
            shop.order(1)
            segment_events.tracked("Order Completed", number=2)
        """
    )

    result = run(shop)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>       segment_events.tracked("Order Completed", number=2)',
            "E       AssertionError: no event was sent that is track 'Order Completed' with properties.number=2",
            "E         properties.number: expected 2, found 1",
            "test_failure.py:5: AssertionError",
        ]
    )
    assert "_events.py" not in result.stdout.str()


def test_in_parallel(shop: pytest.Pytester) -> None:
    """Under xdist every process has its own events."""
    pytest.importorskip("xdist")
    shop.makepyfile(
        """
        import pytest, shop

        @pytest.mark.parametrize("number", range(12))
        def test_order(number, segment_events):
            shop.order(number)
            assert segment_events.one()["properties"]["number"] == number
        """
    )

    run_apart(shop, "-p", "xdist", "-n", "2").assert_outcomes(passed=12)


def test_asked_for_by_name(shop: pytest.Pytester) -> None:
    """The fixture can be asked for in the middle of a test; and not beside the endpoint."""
    shop.makepyfile(
        """
        import shop

        def test_late(request):
            shop.order(1)
            events = request.getfixturevalue("segment_events")
            shop.order(2)
            assert events.one()["properties"]["number"] == 2

        def test_both(segment_events, segment_server):
            pass
        """
    )

    result = run(shop)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*use segment_server alone*"])


def test_disabled_run(shop: pytest.Pytester) -> None:
    """The setting segment_disabled holds before the first module of the application is imported."""
    shop.makeini("[pytest]\nsegment_disabled = true\n")
    shop.makepyfile(
        """
        import wired, shop, otel_segment

        wired.set_up(disabled=False)
        shop.order(1)

        def test_withheld():
            otel_segment.flush()
            assert otel_segment.stats().withheld == 1
        """
    )

    run_apart(shop).assert_outcomes(passed=1)


def test_unused_it_loads_next_to_nothing(tmp_path: Path) -> None:
    """A run whose tests do not use it loads none of the library's parts, no SDK and no HTTP client."""
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\n"
        "def test_plain():\n"
        "    loaded = {name for name in sys.modules if name.startswith('otel_segment')}\n"
        "    assert loaded <= {'otel_segment', 'otel_segment._version', 'otel_segment.testing',"
        " 'otel_segment.testing.plugin'}\n"
        "    assert 'otel_segment.testing.plugin' in loaded\n"
        "    assert not {'opentelemetry', 'requests', 'msgspec'} & set(sys.modules)\n"
    )
    # Coverage has been measuring the library from the start.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)

    assert ended.returncode == 0, ended.stdout


def test_old_pytest_is_not_broken() -> None:
    """It loads where pytest has none of what came since version 6, as every run has to load it."""
    program = """
import pytest
for name in ("Config", "FixtureDef", "Parser", "Stash", "StashKey"):
    delattr(pytest, name)
from otel_segment.testing import plugin
print(any(getattr(each, "pytest_impl", {}).get("wrapper") for each in vars(plugin).values()))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (ended.stdout.strip(), ended.stderr) == ("False", "")


def test_loaded_before_pytest(tmp_path: Path) -> None:
    """Where the package is loaded before pytest, as by opentelemetry-instrument, pytest has nothing to warn of."""
    installed = tmp_path / "site" / "installed-1.dist-info"
    installed.mkdir(parents=True)
    files = {
        "METADATA": "Metadata-Version: 2.1\nName: installed\nVersion: 1\n",
        "RECORD": "otel_segment/__init__.py,,\n",
        "entry_points.txt": "[pytest11]\notel_segment = otel_segment.testing.plugin\n",
    }
    for name, text in files.items():
        (installed / name).write_text(text, encoding="utf-8")
    (tmp_path / "test_plain.py").write_text("def test_plain(): pass\n", encoding="utf-8")
    program = "import otel_segment, pytest; raise SystemExit(pytest.main(['-q', '-p', 'no:cacheprovider']))"
    environ = os.environ | {"PYTHONPATH": str(installed.parent)}

    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "PytestAssertRewriteWarning" not in ended.stdout
