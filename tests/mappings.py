"""Random mappings, and records that they have something to say about."""

from typing import Any

from hypothesis import strategies as st

__all__ = ["NAMES", "attributes", "documents", "rules", "values"]

NAMES = ("a", "b.c", "m", "list", "user.id", "analytics.anonymous_id", "url.path", "plan", "team")
"""Names of attributes."""

EVENTS = ("E", "F", "order paid", "order x", "page")

_SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "1.5", "true", "2026-01-02"])
_PLACES = st.sampled_from(
    [*NAMES, "m.k", "list.0", "event.name", "resource.service.name", "scope.name", "body.note", "nope", "."]
)
_KEYS = st.sampled_from(["p", "q.r", "q", "name"])


def _conditions() -> st.SearchStrategy[Any]:
    simple = st.one_of(
        _SCALARS,
        st.fixed_dictionaries({"in": st.lists(_SCALARS, max_size=3)}),
        st.fixed_dictionaries({"exists": st.booleans()}),
        st.fixed_dictionaries({"glob": st.sampled_from(["*", "x*", "?"])}),
        st.fixed_dictionaries({"gt": st.integers(-5, 5)}, optional={"le": st.floats(-5, 5)}),
    )
    return simple | st.fixed_dictionaries({"not": simple})


_TESTS = st.dictionaries(_PLACES, _conditions(), min_size=1, max_size=2)
_WHEN = st.fixed_dictionaries({"attributes": _TESTS}) | st.fixed_dictionaries({"consent": st.just(["analytics"])})
_MORE: Any = {
    "default": _SCALARS,
    "as": st.sampled_from(["string", "number", "boolean", "date"]),
    "when": _WHEN,
}


def values() -> st.SearchStrategy[Any]:
    """Return values of the language."""

    def grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        forms = {
            "map": st.dictionaries(_KEYS, inner, max_size=2),
            "list": st.lists(inner, max_size=2),
            "loop": st.tuples(st.just("list"), inner).map(list),
            "first": st.lists(inner, max_size=3),
        }
        return st.one_of(*(st.fixed_dictionaries({form: made}, optional=_MORE) for form, made in forms.items()))

    leaves = st.one_of(
        _PLACES,
        st.fixed_dictionaries({"from": _PLACES}, optional=_MORE),
        st.fixed_dictionaries({"value": _SCALARS}),
        st.fixed_dictionaries({"template": st.sampled_from(["{a}/{m.k}", "{{x}}", "plain", "{nope}"])}),
    )
    return st.recursive(leaves, grow, max_leaves=4)


def _properties() -> st.SearchStrategy[Any]:
    named = st.dictionaries(_KEYS, values(), max_size=3)
    dropped = st.fixed_dictionaries({"drop": st.lists(st.sampled_from(["a", "b*", "m.k"]), max_size=2)})
    one = st.booleans() | named | dropped
    return one | st.lists(one, max_size=3)


def rules(events: tuple[str, ...] = EVENTS) -> st.SearchStrategy[dict[str, Any]]:
    """Return rules for events of some names."""
    names = st.sampled_from([*events, f"{events[0]}*"])
    view = st.booleans() | st.fixed_dictionaries({}, optional={"name": values(), "properties": _properties()})
    return st.fixed_dictionaries(
        {"match": names | st.fixed_dictionaries({"event": names}, optional={"attributes": _TESTS})},
        optional={
            "when": _WHEN,
            "ignore": st.booleans(),
            "name": st.just("Renamed") | st.fixed_dictionaries({"template": st.just("{a} done")}),
            "type": st.sampled_from(["track", "page", "screen", "identify", "group", "alias"]),
            "properties": _properties(),
            "identify": st.fixed_dictionaries({"traits": _properties()}),
            "group": st.fixed_dictionaries({"group_id": values()}, optional={"traits": _properties()}),
            "page": view,
            "screen": view,
            "alias": st.fixed_dictionaries({"previous_id": values()}),
            "skip": st.booleans(),
            "integrations": st.dictionaries(st.sampled_from(["All", "A"]), st.booleans(), max_size=2),
            "context": st.dictionaries(st.sampled_from(["site", "ip", "app"]), values(), max_size=2),
            "sample": st.floats(0, 1),
        },
    )


def documents() -> st.SearchStrategy[dict[str, Any]]:
    """Return whole mappings."""
    return st.fixed_dictionaries(
        {},
        optional={
            "select": st.sampled_from(["marked", "named"]),
            "identity": st.fixed_dictionaries({"user_id": st.lists(values(), max_size=2)}),
            "identify": st.fixed_dictionaries({"traits": _properties()}),
            "group": st.fixed_dictionaries({"group_id": values()}),
            "on_sign_in": st.just("alias"),
            "consent": st.just({"analytics": "Analytics"}),
            "require_consent": st.just(["analytics"]),
            "without_consent": st.sampled_from(["drop", "anonymize"]),
            "integrations": st.just({"All": False}),
            "context": st.dictionaries(st.sampled_from(["site", "timezone"]), values(), max_size=2),
            "privacy": st.fixed_dictionaries(
                {},
                optional={
                    "drop": st.just(["b.*"]),
                    "hash": st.just(["plan"]),
                    "ip": st.sampled_from(["keep", "truncate", "drop"]),
                    "query": st.sampled_from(["drop", {"allow": ["utm_*"]}]),
                },
            ),
            "defaults": st.fixed_dictionaries(
                {"track": st.fixed_dictionaries({"properties": st.dictionaries(_KEYS, values(), max_size=2)})}
            ),
            "nest": st.booleans(),
            "rules": st.lists(rules(), max_size=3),
        },
    )


def attributes() -> st.SearchStrategy[dict[str, Any]]:
    """Return attributes of records that the mappings speak of."""
    made = _SCALARS | st.fixed_dictionaries({"k": _SCALARS}) | st.lists(st.integers(0, 3), max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(NAMES, made),
            "analytics.type": st.sampled_from(["track", "page", "identify", "group", "nonsense"]),
            "analytics.consent": st.just({"analytics": True}),
            "client.address": st.just("203.0.113.77"),
        },
    )
