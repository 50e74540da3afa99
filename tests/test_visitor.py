"""Who is acting, and where it is seen."""

import asyncio
import contextvars
import gc
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry._logs import _internal as logs_api
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.util._once import Once

from otel_segment import _log, analytics
from otel_segment.visitor import Visitor, current_visitor, use_visitor

Emitted = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emitted]:
    """The attributes of the events that have been emitted, in order."""
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER", None)
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER_SET_ONCE", Once())
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    set_logger_provider(provider)
    yield lambda: [dict(item.log_record.attributes) for item in exporter.get_finished_logs()]
    provider.shutdown()


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No visitor is left over from one test to the next, and OpenTelemetry has nothing to complain about."""
    monkeypatch.setattr(_log, "_last_said", {})
    yield
    assert current_visitor() is None
    assert [line for line in caplog.records if line.name.startswith("opentelemetry")] == []


def who() -> str | None:
    """Return the user id of the current visitor."""
    visitor = current_visitor()
    return visitor and visitor.user_id


class TestScope:
    """Entering and leaving."""

    def test_outside(self) -> None:
        """Without any use_visitor there is no visitor."""
        assert current_visitor() is None

    def test_inside(self) -> None:
        """Inside it is the one that was set, afterwards the one before."""
        with use_visitor("u1", traits={"plan": "pro"}) as visitor:
            assert visitor is current_visitor()
            assert Visitor(user_id="u1", traits={"plan": "pro"}) == visitor
            with use_visitor("u2"):
                assert who() == "u2"
            assert who() == "u1"
        assert who() is None

    def test_error_inside(self) -> None:
        """An error inside passes through, and the visitor is gone."""
        with pytest.raises(LookupError), use_visitor("u1"):
            raise LookupError

        assert who() is None

    def test_one_scope_many_times(self) -> None:
        """One scope may be entered again, also while it is entered."""
        scope = use_visitor("u1")
        with scope, use_visitor("u2"), scope:
            assert who() == "u1"
        with scope:
            assert who() == "u1"

    def test_other_values_of_the_context_stay(self) -> None:
        """A visitor changes nothing else in the OpenTelemetry context."""
        key = otel_context.create_key("other")
        token = otel_context.attach(otel_context.set_value(key, "value"))
        with use_visitor("u1"):
            assert otel_context.get_value(key) == "value"
        assert otel_context.get_value(key) == "value"
        otel_context.detach(token)

    def test_span_inside_and_outside(self) -> None:
        """Visitors and spans nest in each other."""
        tracer = trace.get_tracer("test")
        with tracer.start_as_current_span("a"), use_visitor("u1"), tracer.start_as_current_span("b"):
            assert who() == "u1"

    def test_context_given(self) -> None:
        """The visitor of a context that is not the current one can be asked for."""
        with use_visitor("u1"):
            context = otel_context.get_current()

        assert current_visitor(context).user_id == "u1"

    def test_left_behind_context(self) -> None:
        """What somebody attached inside and never detached does not keep the visitor."""
        with use_visitor("u1"):
            otel_context.attach(otel_context.set_value("forgotten", 1))

        assert who() is None
        assert otel_context.get_value("forgotten") is None


class TestInheritance:
    """What a nested visitor takes from the one around it."""

    def test_what_is_not_set(self) -> None:
        """Each field comes from the innermost visitor that sets it."""
        with (
            use_visitor("u1", traits={"a": 1}, ip="192.0.2.1", locale="de"),
            use_visitor(anonymous_id="a1", locale="en"),
            use_visitor(group_id="g1"),
        ):
            visitor = current_visitor()

        assert Visitor("u1", "a1", {"a": 1}, "g1", ip="192.0.2.1", locale="en") == visitor

    def test_log_in(self) -> None:
        """A user id where only an anonymous id was known is the same person."""
        with use_visitor(anonymous_id="a1", consent={"ads": True}), use_visitor("u1") as visitor:
            assert Visitor("u1", "a1", consent={"ads": True}) == visitor

    @pytest.mark.parametrize(
        ("outer", "inner"),
        [
            ({"user_id": "u1"}, {"user_id": "u2"}),
            ({"user_id": "u1", "anonymous_id": "a1"}, {"user_id": "u2"}),
            ({"user_id": "u1", "anonymous_id": "a1"}, {"anonymous_id": "a2"}),
        ],
    )
    def test_somebody_else(self, outer: dict[str, Any], inner: dict[str, Any]) -> None:
        """Somebody else inherits the surroundings and nothing of the person."""
        person = {"traits": {"a": 1}, "group_id": "g", "consent": {"ads": True}, "session_id": "s"}
        surroundings = {"page": {"title": "t"}, "device": {"id": "d"}, "context": {"app": {}}, "ip": "192.0.2.1"}
        with use_visitor(**outer, **person, **surroundings), use_visitor(**inner) as visitor:
            assert Visitor(**inner, **surroundings) == visitor

    def test_another_device(self) -> None:
        """The same user id with another anonymous id is the same person."""
        with use_visitor("u1", anonymous_id="a1", group_id="g"), use_visitor("u1", anonymous_id="a2") as visitor:
            assert Visitor("u1", "a2", group_id="g") == visitor


class TestElsewhere:
    """Threads, tasks, generators, and scopes that are left where they were not entered."""

    def test_thread_with_a_copied_context(self) -> None:
        """A thread that runs in a copy of the context sees the visitor, also after the scope was left."""
        with use_visitor("u1"):
            context = contextvars.copy_context()

        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(context.run, who).result() == "u1"
            assert pool.submit(who).result() is None

    def test_many_threads(self) -> None:
        """Visitors of threads that run at the same time never mix."""
        mixed = []
        barrier = threading.Barrier(8)

        def work(number: int) -> None:
            barrier.wait()
            for turn in range(200):
                with use_visitor(f"u{number}-{turn}"), use_visitor(locale="en"):
                    if who() != f"u{number}-{turn}":
                        mixed.append(number)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert mixed == []

    def test_tasks(self) -> None:
        """Each asyncio task has its own visitor, and hands it to the tasks that it starts, also to late ones."""

        async def late(go: asyncio.Event) -> str | None:
            await go.wait()
            return who()

        async def request(number: int, go: asyncio.Event) -> asyncio.Task[str | None]:
            with use_visitor(f"u{number}"):
                task = asyncio.create_task(late(go))
                await asyncio.sleep(0)
                assert f"u{number}" == who()
            assert who() is None
            return task

        async def main() -> list[str | None]:
            go = asyncio.Event()
            tasks = await asyncio.gather(*(request(number, go) for number in range(5)))
            go.set()
            return await asyncio.gather(*tasks)

        assert [f"u{number}" for number in range(5)] == asyncio.run(main())

    def test_generator(self) -> None:
        """A generator that is run to its end sees its visitor at each step."""

        def steps() -> Generator[Any, Any, Any]:
            with use_visitor("u1"):
                yield who()
                yield who()

        assert list(steps()) == ["u1", "u1"]
        assert who() is None

    def test_interleaved_generators(self) -> None:
        """Generators that take turns leave nothing behind, whichever ends first."""

        def steps(user: str) -> Generator[None, None, None]:
            with use_visitor(user):
                yield
                yield

        first, second = steps("u1"), steps("u2")
        next(first)
        next(second)
        first.close()
        assert who() == "u2"
        second.close()

        assert who() is None

    def test_generator_closed_by_another_thread(self) -> None:
        """A generator that is closed elsewhere takes its visitor from the thread where it was started, too."""

        def stream() -> Generator[None, None, None]:
            with use_visitor("u1"):
                yield

        steps = stream()
        next(steps)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(steps.close).result()

        assert who() is None
        with use_visitor(locale="en") as visitor:
            assert Visitor(locale="en") == visitor

    def test_generator_collected_in_a_copied_context(self) -> None:
        """A generator that is collected in a copy of its context is no error, and leaves nothing behind."""

        def stream() -> Generator[None, None, None]:
            with use_visitor("u1"):
                yield

        steps = [stream()]
        next(steps[0])

        def drop() -> str | None:
            steps.clear()
            gc.collect()
            return who()

        assert contextvars.copy_context().run(drop) is None
        assert who() is None

    def test_asynchronous_generator_closed_by_another_task(self) -> None:
        """A streaming response whose generator is closed by another task is no error."""

        async def stream() -> AsyncGenerator[str | None, None]:
            with use_visitor("u1"):
                yield who()

        async def main() -> tuple[str | None, str | None]:
            steps = stream()
            first = await asyncio.create_task(steps.__anext__())
            await asyncio.create_task(steps.aclose())
            return first, who()

        assert asyncio.run(main()) == ("u1", None)


class TestDecorator:
    """Functions of every kind."""

    def test_function(self) -> None:
        """A function runs inside at each call, and keeps its name."""

        @use_visitor("u1")
        def handler(value: Any) -> Any:
            """What it does."""
            return value, who()

        assert handler(1) == (1, "u1")
        assert (handler.__name__, handler.__doc__) == ("handler", "What it does.")

    def test_coroutine_function(self) -> None:
        """A coroutine function runs inside from its first step to its last."""

        @use_visitor("u1")
        async def handler() -> str | None:
            await asyncio.sleep(0)
            return who()

        assert asyncio.run(handler()) == "u1"

    def test_generator_function(self) -> None:
        """A generator runs inside at each step, and whoever takes its values does not see it."""

        @use_visitor("u1")
        def steps() -> Generator[Any, Any, Any]:
            sent = yield who()
            try:
                yield sent, who()
            except KeyError:
                yield "caught", who()
            return who()

        running = steps()
        assert next(running) == "u1"
        assert who() is None
        assert running.send("sent") == ("sent", "u1")
        assert running.throw(KeyError()) == ("caught", "u1")
        with pytest.raises(StopIteration) as end:
            next(running)
        assert end.value.value == "u1"

    def test_generator_function_closed(self) -> None:
        """Closing the generator lets it tidy up inside."""
        seen = []

        @use_visitor("u1")
        def steps() -> Generator[Any, Any, Any]:
            try:
                yield
            finally:
                seen.append(who())

        running = steps()
        next(running)
        running.close()

        assert seen == ["u1"]

    def test_asynchronous_generator_function(self) -> None:
        """An asynchronous generator runs inside at each step alone, and can be closed, sent to and thrown at."""
        seen = []

        @use_visitor("u1")
        async def steps() -> AsyncGenerator[Any, Any]:
            try:
                sent = yield who()
                yield sent, who()
                yield who()
            except KeyError:
                yield "caught"
            finally:
                seen.append(who())

        async def main() -> None:
            assert [item async for item in steps()] == ["u1", (None, "u1"), "u1"]
            running = steps()
            await running.__anext__()
            assert who() is None
            assert await running.asend("sent") == ("sent", "u1")
            assert await running.athrow(KeyError()) == "caught"
            await running.aclose()

        asyncio.run(main())

        assert seen == ["u1", "u1"]

    def test_recursion_and_threads(self) -> None:
        """A decorated function may call itself, and run in many threads at once."""

        @use_visitor("u1")
        def count(depth: int) -> list[str | None]:
            return [who(), *(count(depth - 1) if depth else [])]

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(count, [3] * 20))

        assert results == [["u1"] * 4] * 20


class TestAttributes:
    """What events carry of the visitor."""

    def test_everything(self, emitted: Emitted) -> None:
        """Each argument becomes the attribute that the conventions have for it, or one of ours."""
        with use_visitor(
            7,
            anonymous_id="a1",
            traits={"email": "a@b.c", "name": "Ann", "username": "ann", "roles": ["admin"], "plan": "pro"},
            group_id=0,
            consent={"ads": False},
            session_id="s1",
            page={
                "title": "T",
                "referrer": "https://r.example/",
                "url": "https://x.example/p?q=1#h",
                "path": "/p",
                "search": "?q=1",
                "hash": "#h",
                "host": "x.example",
            },
            device={"id": "d1", "manufacturer": "M", "model": "X1", "name": "X", "type": "ios"},
            context={"app": {"name": "shop"}},
            ip="192.0.2.1",
            user_agent="agent/1",
            locale="en-US",
            timezone="Europe/Berlin",
        ):
            analytics.track(event="Event", message_id="m1")

        assert emitted() == [
            {
                "analytics.type": "track",
                "log.record.uid": "m1",
                "user.id": "7",
                "analytics.anonymous_id": "a1",
                "user.email": "a@b.c",
                "user.full_name": "Ann",
                "user.name": "ann",
                "user.roles": ("admin",),
                "analytics.traits": {"plan": "pro"},
                "analytics.group.id": "0",
                "analytics.consent": {"ads": False},
                "session.id": "s1",
                "analytics.page.title": "T",
                "analytics.page.referrer": "https://r.example/",
                "url.full": "https://x.example/p?q=1#h",
                "url.path": "/p",
                "url.query": "q=1",
                "url.fragment": "h",
                "device.id": "d1",
                "device.manufacturer": "M",
                "device.model.identifier": "X1",
                "device.model.name": "X",
                "analytics.device": {"type": "ios"},
                "analytics.context": {"page": {"host": "x.example"}, "app": {"name": "shop"}},
                "client.address": "192.0.2.1",
                "user_agent.original": "agent/1",
                "analytics.locale": "en-US",
                "analytics.timezone": "Europe/Berlin",
            }
        ]

    def test_traits_that_no_convention_fits(self, emitted: Emitted) -> None:
        """A trait whose type is not that of the convention stays a trait."""
        with use_visitor("u1", traits={"name": {"first": "Ann"}, "roles": "admin", "email": None}):
            analytics.track(event="Event")

        assert emitted()[0]["analytics.traits"] == {"name": {"first": "Ann"}, "roles": "admin", "email": None}

    def test_empty_values(self, emitted: Emitted) -> None:
        """What is empty makes no attribute."""
        with use_visitor("u1", anonymous_id="", traits={}, page={"title": "", "search": "?"}, ip="", context={}):
            analytics.track(event="Event", message_id="m1")

        assert {"analytics.type", "log.record.uid", "user.id", "url.query"} >= set(emitted()[0])

    def test_values_are_read_at_once(self, emitted: Emitted) -> None:
        """What the application changes afterwards does not change the visitor."""
        traits = {"tags": ["a"]}
        with use_visitor("u1", traits=traits):
            traits["tags"].append("b")
            analytics.track(event="Event")

        assert emitted()[0]["analytics.traits"] == {"tags": ("a",)}

    def test_wrong_arguments(self, emitted: Emitted, caplog: pytest.LogCaptureFixture) -> None:
        """A useless argument is left out, said once without its value, and nothing is raised."""

        class BadNumber:
            def __float__(self) -> float:
                raise RuntimeError

            __str__ = __float__

        for _ in range(2):
            with use_visitor("u1", anonymous_id=["secret"], traits=["secret"], group_id=BadNumber(), session_id=True):
                analytics.track(event="Event", message_id="m1")

        assert emitted()[0] == {"analytics.type": "track", "user.id": "u1", "log.record.uid": "m1"}
        assert [line.getMessage() for line in caplog.records] == [
            "use_visitor(): anonymous_id was of the type list and is left out, wanted: a text, a number or a UUID",
            "use_visitor(): traits was of the type list and is left out, wanted: a mapping",
            "use_visitor(): group_id was of the type BadNumber and is left out, wanted: a text, a number or a UUID",
            "use_visitor(): session_id was of the type bool and is left out, wanted: a text, a number or a UUID",
        ]
        assert "secret" not in caplog.text
