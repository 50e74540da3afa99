"""The events that a test emitted, as they would have been sent, and what can be asserted of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

from otel_segment.reasons import DropReason
from otel_segment.testing._expectation import Expectation
from otel_segment.testing._wording import Event, Seen, described, failure, listed

__all__ = ["SegmentEvents"]


class SegmentEvents(Sequence[Event]):
    """The events of a test, in the order in which they were emitted; a list that says what is wrong with it.

    ``tracked()``, ``identified()`` and their like find an event, return it, and fail where there is none. What they
    are given must be there; an event may have more. Values are compared with ``==``, so ``ANY``, ``pytest.approx()``
    and the like may stand for any of them; :data:`~otel_segment.testing.ABSENT` stands for a field that must not be
    there.

    Args:
        seen: Gives the events, as of now.
    """

    def __init__(self, seen: Callable[[], Seen]) -> None:
        self._seen = seen

    @property
    def all(self) -> list[Event]:
        """All events."""
        return list(self._seen().events)

    @property
    def dropped(self) -> dict[DropReason, int]:
        """How many events were dropped, by reason."""
        return dict(Counter(drop.reason for drop in self._seen().dropped))

    @property
    def refused(self) -> dict[str, int]:
        """How many calls of ``analytics`` were wrong, and made no event, by reason."""
        return dict(self._seen().refused)

    def of(
        self,
        type: str | None = None,  # noqa: A002 - it is Segment's word
        *,
        event: str | None = None,
        user_id: str | None = None,
        anonymous_id: str | None = None,
    ) -> "SegmentEvents":
        """Return the events of one type, name or person alone; with all that can be asserted of events.

        Args:
            type: The call: ``track``, ``identify``, ``page``, ``screen``, ``group`` or ``alias``.
            event: The name of a track call, page or screen.
            user_id: The ``userId``.
            anonymous_id: The ``anonymousId``.
        """
        wanted = {"type": type, "userId": user_id, "anonymousId": anonymous_id}
        fields = {field: value for field, value in wanted.items() if value is not None}

        def seen() -> Seen:
            found = self._seen()
            named = [each for each in found.events if event is None or event in {each.get("event"), each.get("name")}]
            return found._replace(events=[each for each in named if _has(each, fields)])

        return SegmentEvents(seen)

    def one(self) -> Event:
        """Return the only event; fail where there is none, or more than one."""
        __tracebackhide__ = True
        seen = self._seen()
        if len(seen.events) != 1:
            message = f"exactly one event was expected\n\n{listed(seen)}"
            raise AssertionError(message)
        return seen.events[0]

    def none(self) -> None:
        """Fail where there is any event."""
        __tracebackhide__ = True
        seen = self._seen()
        if seen.events:
            message = f"no event was expected\n\n{listed(seen)}"
            raise AssertionError(message)

    def tracked(
        self,
        event: str,
        properties: Mapping[str, Any] | None = None,
        *,
        user_id: Any = None,
        anonymous_id: Any = None,
        context: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Event:
        """Return the first track call that is as described.

        Args:
            event: Its name.
            properties: Its properties, as a map: for names that are no Python words, or those of these arguments.
            user_id: Its ``userId``.
            anonymous_id: Its ``anonymousId``.
            context: Fields of its ``context``.
            **more: Its properties, by name.

        Raises:
            AssertionError: There is none; the message shows the nearest, and how it differs.
        """
        __tracebackhide__ = True
        named = {"event": event}
        return self._find("track", named, "properties", properties, more, user_id, anonymous_id, context)

    def paged(
        self,
        name: str | None = None,
        properties: Mapping[str, Any] | None = None,
        *,
        category: str | None = None,
        user_id: Any = None,
        anonymous_id: Any = None,
        context: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Event:
        """Return the first page call that is as described; see :meth:`tracked`."""
        __tracebackhide__ = True
        named = {"name": name, "category": category}
        return self._find("page", named, "properties", properties, more, user_id, anonymous_id, context)

    def screened(
        self,
        name: str | None = None,
        properties: Mapping[str, Any] | None = None,
        *,
        category: str | None = None,
        user_id: Any = None,
        anonymous_id: Any = None,
        context: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Event:
        """Return the first screen call that is as described; see :meth:`tracked`."""
        __tracebackhide__ = True
        named = {"name": name, "category": category}
        return self._find("screen", named, "properties", properties, more, user_id, anonymous_id, context)

    def identified(
        self,
        user_id: Any = None,
        traits: Mapping[str, Any] | None = None,
        *,
        anonymous_id: Any = None,
        context: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Event:
        """Return the first identify call that is as described, with its traits by name; see :meth:`tracked`."""
        __tracebackhide__ = True
        return self._find("identify", {}, "traits", traits, more, user_id, anonymous_id, context)

    def grouped(
        self,
        group_id: Any,
        traits: Mapping[str, Any] | None = None,
        *,
        user_id: Any = None,
        anonymous_id: Any = None,
        context: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Event:
        """Return the first group call that is as described, with its traits by name; see :meth:`tracked`."""
        __tracebackhide__ = True
        return self._find("group", {"groupId": group_id}, "traits", traits, more, user_id, anonymous_id, context)

    def aliased(self, previous_id: Any, user_id: Any = None, *, context: Mapping[str, Any] | None = None) -> Event:
        """Return the first alias call that is as described; see :meth:`tracked`."""
        __tracebackhide__ = True
        return self._find("alias", {"previousId": previous_id}, "traits", None, {}, user_id, None, context)

    def _find(
        self,
        kind: str,
        named: Mapping[str, Any],
        payload: str,
        given: Mapping[str, Any] | None,
        more: Mapping[str, Any],
        user_id: Any,
        anonymous_id: Any,
        context: Mapping[str, Any] | None,
    ) -> Event:
        __tracebackhide__ = True
        who = {"userId": user_id, "anonymousId": anonymous_id}
        fields = {field: value for field, value in {**named, **who, "context": context}.items() if value is not None}
        if given or more:
            fields[payload] = {**(given or {}), **more}
        expectation = Expectation(kind, fields)
        seen = self._seen()
        for event in seen.events:
            if not expectation.differences(event):
                return event
        raise AssertionError(failure(expectation, seen))

    def __len__(self) -> int:
        return len(self._seen().events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.all)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        return self.all[index]

    def __reduce__(self) -> tuple[Callable[[Seen], "SegmentEvents"], tuple[Seen]]:
        # Django's parallel runner sends a subtest that has failed to another process, with all that the test has.
        return _as_seen, (self._seen(),)

    def __repr__(self) -> str:
        return f"<{len(self)} event(s): {', '.join(map(described, self))}>"


def _as_seen(seen: Seen) -> SegmentEvents:
    return SegmentEvents(lambda: seen)


def _has(event: Event, fields: Mapping[str, str]) -> bool:
    return all(event.get(field) == value for field, value in fields.items())
