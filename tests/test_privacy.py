"""What the privacy rules leave of values, wherever they lie."""

from collections import deque
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from otel_segment import _log
from otel_segment.exporters import _left_out
from otel_segment.mapping import Mapping
from otel_segment.mapping._privacy import Privacy

CARD = "4111 1111 1111 1111"


def privacy(**rules: Any) -> Privacy:
    """Return the rules as a mapping has them, with a salt."""
    return Privacy(msgspec.convert({"privacy": rules}, Mapping).privacy, "pepper", lambda _: None)


def left(attributes: dict[str, Any], **rules: Any) -> dict[str, Any]:
    """Return what is left of attributes."""
    return privacy(**rules).attributes(attributes)


def hashed(text: str) -> str:
    """Return the hash of a text under the salt."""
    return sha256(b"pepper" + text.encode()).hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "userPassword",
        "user_passwd",
        "passPhrase",
        "PASSWORD2",
        "client-secret",
        "accesstoken",
        "X-Auth-Token",
        "refreshTOKENValue",
        "http.request.header.set-cookie",
        "http.request.header.authorization",
        "http.request.header.proxy_authorization",
        "aws.credentials",
        "apiKey",
        "apikey",
        "x-api-key",
        "private_key",
        "password_hash",
        "secretkey",
        "tokenid",
        "userTOKENvalue",
        "PASSWORDhash",
        "session_token_id",
        "cookie_id",
        "password_username",
    ],
)
def test_denied_names(name: str) -> None:
    """What is named like a secret is left out, at the top and inside of maps."""
    assert left({name: "s3cr3t", "a": 1}) == {"a": 1}
    assert left({"cart": {name: "s3cr3t", "a": 1}, "list": [[{name: "7"}]]}) == {"cart": {"a": 1}, "list": [[{}]]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("author", "Ada"),
        ("monkey", "Bo"),
        ("secretary", "Cy"),
        ("tokenizer", "bpe"),
        ("keyboard", "de"),
        ("input_tokens", 523),
        ("gen_ai.usage.output_tokens", 1.5),
        ("token_count", 12),
        ("has_password", True),
        ("cookies", False),
        ("analytics.device.token", "push-1"),
        ("token_price", "1.50"),
        ("tokenAmount", 3),
        ("token_symbol", "ETH"),
        ("token_usage", {"input": 3, "details": [{"cached": 1.5}]}),
        ("tokens", {"input": 5, "output": [7, 8]}),
        ("authorization_amount", 9.5),
        ("authorization_status", "approved"),
        ("cookie_consent", "accepted"),
        ("password_reset_method", "email"),
        ("credential_type", "passkey"),
        ("token_expires_at", "2026-01-02"),
        ("token_price", {"currency": "CHF"}),
    ],
)
def test_names_that_only_look_denied(name: str, value: Any) -> None:
    """Other words, numbers of things, and the device's address for push messages stay."""
    given = {name: value}

    assert left(given) is given


def test_a_plural_of_text_is_a_secret() -> None:
    """Tokens as text are the tokens themselves."""
    assert left({"tokens": "abc", "secrets": ["a"]}) == {}
    assert left({"tokens": {"input": 5, "raw": "abc", "list": ["a"]}, "token_usage": {"password": 1}}) == {
        "tokens": {"input": 5}
    }


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "378282246310005",
        "378282246310005".translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),
        "3782 822463 10005",
        "30569309025904",
        "5555555555554444",
        "6011111111111117",
        "3530111333300000",
        "6205500000000000004",
    ],
)
def test_cards(text: str) -> None:
    """A card's number is replaced in texts, whatever stands beside it."""
    assert left({"n": text, "m": [f"card: {text}, 12/27"]}) == {"n": "[redacted]", "m": ["card: [redacted], 12/27"]}
    assert left({"n": f"10 {text} 12 27 {text}"}) == {"n": "10 [redacted] 12 27 [redacted]"}


@pytest.mark.parametrize("text", ["{},{}", "[{},{}]", "7,{},12/27,{}", "{};{}", "a\n{}\n{}"])
def test_cards_in_lists(text: str) -> None:
    """Cards may follow each other, or other numbers, with commas between."""
    given = text.format("4111111111111111", "5500005555555559")

    assert left({"n": given}) == {"n": text.format("[redacted]", "[redacted]")}


def test_cards_elsewhere() -> None:
    """Integers, whole floats, keys, bytes and what only becomes a text may be cards as well."""
    card = int(CARD.replace(" ", ""))
    given = {"a": card, "b": float(card), "c": {str(card): 1, card: 2}, "d": Decimal(card), "e": str(card).encode()}

    assert left({**given, str(card): True}) == {
        "a": "[redacted]",
        "b": "[redacted]",
        "c": {"[redacted]": 2},
        "d": "[redacted]",
        "e": "[redacted]",
        "[redacted]": True,
    }


@pytest.mark.parametrize(
    "value",
    [
        1541815603606036480,
        "1541815603606036480",
        "501820010000000019",
        1767322445678,
        1767322445678901,
        "2026-01-02T03:04:05.678901234Z",
        "20260102030405",
        "4111111111111112",
        "9111111111111111",
        "41111111111111111111111",
        "a4111111111111111",
        "0.4111111111111111",
        0.4111111111111111,
        "41234567-8901-4234-a716-446655440000",
        "4006381333931",
        "4222222222222",
        "39294568104107",
        30569309025904,
        6205500000000000004,
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14",
        "+41 31 555 12 34",
        float("inf"),
        float("nan"),
        10**400,
    ],
)
def test_numbers_that_are_no_cards(value: Any) -> None:
    """Ids, times, articles and sequences stay."""
    given = {"n": value, "m": {"n": [value]}}

    assert left(given) is given


def test_ids_stay_apart() -> None:
    """An id that could be a card's number stays: else everybody with such an id would be the same person."""
    given = {"user.id": "4111111111111111", "order": "x"}

    assert left(given) is given
    assert left({"user.id": CARD}) == {"user.id": "[redacted]"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://u:p@h.example/x", "https://h.example/x"),
        ("https://u@h.example/x", "https://h.example/x"),
        ("/p?a=1&access_token=x&b=2", "/p?a=1&access_token=REDACTED&b=2"),
        ("/p?a=1;token=x;b=2", "/p?a=1;token=REDACTED;b=2"),
        ("/p?pass%77ord=x#top", "/p?pass%77ord=REDACTED#top"),
        ("/p#access_token=x&state=1", "/p#access_token=REDACTED&state=1"),
        ("/#/p?token=x", "/#/p?token=REDACTED"),
        ("/p?sig=x&X-Amz-Credential=y", "/p?sig=REDACTED&X-Amz-Credential=REDACTED"),
        ("/p?next=https%3A%2F%2Fh%2F%3Ftoken%3Dx&a=1", "/p?next=REDACTED&a=1"),
        ("/p?next=https://h/?token=x&a=1", "/p?next=https://h/?token=REDACTED&a=1"),
        ("/p?secret=a?b;c d&a=1", "/p?secret=REDACTED&a=1"),
        ("/p?card=4111+1111+1111+1111", "/p?card=REDACTED"),
        ("/p?card=4111111111111111&a=1", "/p?card=[redacted]&a=1"),
    ],
)
def test_credentials_in_urls(given: str, expected: str) -> None:
    """The values of keys that name a secret are replaced in URLs, and nobody's password stands before the host."""
    assert left({"url.full": given}) == {"url.full": expected}
    assert left({"http.request.header.referer": [given]}) == {"http.request.header.referer": [expected]}


def test_credentials_in_parts_of_urls_and_in_texts() -> None:
    """So it is in a query that stands alone, and in a URL within a text."""
    given = {"url.query": "token=x&a=1", "url.fragment": "id_token=x", "n": 'GET "https://u:p@h/?token=x" 200'}

    assert left(given) == {
        "url.query": "token=REDACTED&a=1",
        "url.fragment": "id_token=REDACTED",
        "n": 'GET "https://h/?token=REDACTED" 200',
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://ghp_abc123@h.example/x.git", "https://h.example/x.git"),
        ("see https://ghp_abc123@h.example/x.git, or ask a@b.c", "see https://h.example/x.git, or ask a@b.c"),
        ("mailto:a@b.c", "mailto:a@b.c"),
        ("see https://h.example, a@b.c", "see https://h.example, a@b.c"),
        ("https://h.example/@ada", "https://h.example/@ada"),
    ],
)
def test_users_in_urls(given: str, expected: str) -> None:
    """A user alone may be a token: it goes out of URLs in any text, while e-mail addresses stay."""
    assert left({"link": given}) == {"link": expected}


def test_nothing_to_do() -> None:
    """Attributes and bodies in which there is nothing come back as they are."""
    given = {"analytics.type": "track", "n": 1, "url.full": "https://h/?utm_source=x", "m": {"a": [1, {"b": None}]}}

    assert left(given) is given
    assert privacy().body(given) is given
    assert privacy().body("text") == "text"
    assert not privacy(deny_list=False).is_needed
    assert left({"password": CARD}, deny_list=False) == {"password": CARD}


def test_the_given_stays_as_it_is() -> None:
    """What is taken out is taken out of copies."""
    given = {"password": 1, "m": {"token": 2, "l": [{"secret": 3}, CARD]}}
    copy = {"password": 1, "m": {"token": 2, "l": [{"secret": 3}, CARD]}}

    assert left(given) == {"m": {"l": [{}, "[redacted]"]}}
    assert given == copy


def test_globs() -> None:
    """Globs drop, hash and mask names at the top, in maps, and below the maps that are ours."""
    rules: dict[str, Any] = {"drop": ["order.*"], "hash": ["phone", "email", "list"], "mask": ["card", "user.email"]}
    given = {
        "order.note": 1,
        "order": {"note": 1},
        "phone": "+41 31 555",
        "user.email": "ada@example.com",
        "card": {"number": "4000-1234", "pin": 123, "none": None},
        "list": [1, ["a"], {"b": None}],
        "analytics.traits": {"email": "a@b.c"},
        "analytics.properties.email": "a@b.c",
        "other": {"email": "a@b.c"},
    }

    assert left(given, **rules) == {
        "order": {},
        "phone": "1119cfc4c3418ed1fc907176b58080b8b2f40a28aa916448826cd5936d74a837",
        "user.email": hashed("ada@example.com"),
        "card": {"number": "***1234", "pin": "***", "none": None},
        "list": [hashed("1"), [hashed("a")], {"b": None}],
        "analytics.traits": {"email": hashed("a@b.c")},
        "analytics.properties.email": hashed("a@b.c"),
        "other": {"email": "a@b.c"},
    }
    assert privacy(**rules).body({"email": "a@b.c", "order": {"note": 1, "n": [2]}}) == {
        "email": hashed("a@b.c"),
        "order": {},
    }


@pytest.mark.parametrize("form", ["{}", "traits.{}", "analytics.traits.{}"])
@pytest.mark.parametrize(
    ("trait", "name"),
    [("email", "user.email"), ("name", "user.full_name"), ("username", "user.name"), ("roles", "user.roles")],
)
def test_traits_have_two_names(trait: str, name: str, form: str) -> None:
    """A glob for a trait holds for the attribute that a convention has for it, and the other way round."""
    given = {name: "abcdefgh", "analytics.traits": {trait: "abcdefgh"}, "analytics.context": {"traits": {trait: "x"}}}
    gone: dict[str, Any] = {"analytics.traits": {}, "analytics.context": {"traits": {}}}

    assert left(given, drop=[form.format(trait)]) == gone
    assert left(given, drop=[name]) == gone
    assert left({name: "abcdefgh"}, mask=[form.format(trait)]) == {name: "***efgh"}


@pytest.mark.parametrize("name", ["user.id", "enduser.id", "analytics.previous_id"])
def test_ids_of_one_person(name: str) -> None:
    """What hides a person's id hides the one before and the one of older conventions in the same way."""
    given = {"user.id": "u-1", "enduser.id": "u-1", "analytics.previous_id": "u-0", "analytics.anonymous_id": "a"}

    assert left(given, hash=[name]) == {
        "user.id": hashed("u-1"),
        "enduser.id": hashed("u-1"),
        "analytics.previous_id": hashed("u-0"),
        "analytics.anonymous_id": "a",
    }
    assert left(given, drop=[name]) == {other: value for other, value in given.items() if other != name}


def test_what_is_told() -> None:
    """Only what is left out is told of, by the attribute and a last key that says nothing of anybody."""
    told: list[str] = []
    rules = msgspec.convert({}, Mapping).privacy
    again = Privacy(rules, None, told.append)
    for number in range(50):
        again.attributes(
            {
                "has_password": True,
                "input_tokens": 12,
                "tokens": {"ada@example.com": "x"},
                "sessions": {f"ada{number}@example.com": {"token": "x", "token of Ada": "y"}},
                "http.request.header.cookie": "x",
                "analytics.traits": {"password": "x"},
            }
        )
    again.body({"people": {"Ada": {"apiKey": "x"}}})

    assert sorted(told) == ["analytics.traits.password", "body.apiKey", "sessions", "sessions.token", "tokens"]


def test_the_log_is_not_flooded(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a hundred names one line says that more are not told."""
    monkeypatch.setattr(_left_out, "_said", set())
    monkeypatch.setattr(_log, "_last_said", {})
    for number in (*range(3_000), *range(3_000)):
        _left_out.say_left_out(f"token{number}")

    assert len(caplog.messages) == 101
    assert "'token99'" in caplog.messages[99]
    assert "more names" in caplog.messages[100]


def test_drop_goes_first() -> None:
    """What is dropped is neither hashed nor masked, and what is hashed is not masked."""
    assert left({"a": "1", "b": "2", "c": {"d": 1, "e": 2}}, drop=["a", "c.d"], hash=["*"], mask=["*"]) == {
        "b": hashed("2"),
        "c": {"e": hashed("2")},
    }


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("203.0.113.77:8080", "203.0.113.0"),
        ("2001:db8:85a3:1::7", "2001:db8:85a3::"),
        ("[2001:db8:85a3:1::7]:443", "2001:db8:85a3::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("::1", "::"),
        (["203.0.113.77, 198.51.100.7"], ["203.0.113.0, 198.51.100.0"]),
        (['for="[2001:db8::1]:47";proto=https, for=192.0.2.60;by=203.0.113.4'], ["2001:db8::, 192.0.2.0"]),
    ],
)
def test_truncated_addresses(address: Any, network: Any) -> None:
    """Of an address its network stays, wherever an address may stand."""
    for name in ("client.address", "net.peer.ip", "http.request.header.x_forwarded_for", "analytics.context.ip"):
        assert left({name: address}, ip="truncate") == {name: network}


def test_what_is_no_address() -> None:
    """What cannot be read as an address is left out where addresses are truncated."""
    assert left({"client.address": "host.example", "http.request.header.forwarded": ["x"]}, ip="truncate") == {
        "http.request.header.forwarded": []
    }
    assert left({"client.address": "203.0.113.77", "analytics.context": {"ip": "1.2.3.4"}}, ip="drop") == {
        "analytics.context": {}
    }


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"allow": ["utm_*"]}, "https://h/p?utm_source=x&utm_source=%79#top"),
        ({"allow": ["q"]}, "https://h/p?q=a+b#top"),
        ("drop", "https://h/p#top"),
        ("keep", "https://h/p?utm_source=x&mail=a%40b.c&utm_source=%79;q=a+b#top"),
    ],
)
def test_queries(rule: Any, expected: str) -> None:
    """Of queries the allowed keys stay, as they were written."""
    url = "https://h/p?utm_source=x&mail=a%40b.c&utm_source=%79;q=a+b#top"
    names = ("url.full", "http.url", "analytics.page.referrer", "browser.document.url.full")

    assert left(dict.fromkeys(names, url), query=rule) == dict.fromkeys(names, expected)


def test_queries_and_addresses_in_properties() -> None:
    """Properties that are called as a page's are follow the rules, whatever the call."""
    given = {"url": "https://h/p?mail=a", "referrer": "https://r?q=a", "search": "?mail=a", "path": "/p?mail=a"}
    clean = {"url": "https://h/p", "referrer": "https://r", "search": "", "path": "/p"}
    rules: dict[str, Any] = {"query": "drop", "ip": "truncate"}

    assert left({**given, "ip": "203.0.113.7"}, **rules) == {**clean, "ip": "203.0.113.0"}
    assert left({"analytics.properties": given}, **rules) == {"analytics.properties": clean}
    assert left({"ip": "203.0.113.7", "search": "red shoes"}, ip="drop", query="drop") == {"search": "red shoes"}
    assert privacy(**rules).body(given) == clean


def test_queries_elsewhere() -> None:
    """Parts of URLs, campaigns and fragments that hold a query follow the rule."""
    given = {
        "url.query": "mail=a&utm_term=b",
        "http.target": "/p?mail=a",
        "url.fragment": "/x?mail=a",
        "analytics.campaign": {"name": "n", "mail": "m"},
        "analytics.campaign.source": "s",
        "analytics.context": {"page": {"search": "?mail=a", "url": "/?utm_id=1"}, "campaign": {"mail": "m"}},
        "analytics.referrer.link": "/?mail=a",
        "link": "https://h/?mail=a",
    }

    assert left(given, query={"allow": ["utm_*"]}) == {
        "url.query": "utm_term=b",
        "http.target": "/p",
        "url.fragment": "/x",
        "analytics.campaign": {"name": "n", "mail": "m"},
        "analytics.campaign.source": "s",
        "analytics.context": {"page": {"search": "", "url": "/?utm_id=1"}, "campaign": {"mail": "m"}},
        "analytics.referrer.link": "/",
        "link": "https://h/?mail=a",
    }
    assert left({name: given[name] for name in given if "campaign" in name}, query="drop") == {}
    assert left({"analytics.campaign": {"name": "n", "term": "t"}}, query={"allow": ["utm_campaign"]}) == {
        "analytics.campaign": {"name": "n"}
    }


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        ("Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "Chrome"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36 Edg/120.0", "Edge"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36 OPR/106", "Opera"),
        (
            "Mozilla/5.0 (Linux) AppleWebKit/537.36 SamsungBrowser/23.0 Chrome/115 Mobile Safari/537.36",
            "Samsung Internet",
        ),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15", "Safari"),
        ("Mozilla/5.0 (X11; rv:120.0) Gecko/20100101 Firefox/120.0", "Firefox"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        ("curl/8.4.0", "curl"),
        ("Samsung Internet", "Samsung Internet"),
    ],
)
def test_browser_families(agent: str, family: str) -> None:
    """Of a user agent the browser's name stays, or nothing; what else tells of it goes with it."""
    given = {
        "user_agent.original": agent,
        "http.request.header.user_agent": [agent],
        "user_agent.version": "120.0.1",
        "browser.brands": ["Chrome 120"],
        "http.request.header.sec-ch-ua-model": ['"Pixel 8"'],
        "user_agent.synthetic.type": "bot",
        "analytics.context": {"userAgent": agent, "userAgentData": {"mobile": True}},
    }

    assert left(given, user_agent="family") == {
        "user_agent.original": family,
        "http.request.header.user_agent": [family],
        "user_agent.synthetic.type": "bot",
        "analytics.context": {"userAgent": family},
    }
    assert left(given, user_agent="drop") == {"user_agent.synthetic.type": "bot", "analytics.context": {}}


def test_bodies_of_any_type() -> None:
    """Bodies are walked whatever they are made of; odd ones cannot hang or fail."""
    knot: list[Any] = []
    knot += [knot, knot]
    nest: Any = "deep"
    for _ in range(100):
        nest = {"k": nest}

    class Odd(dict):  # type: ignore[type-arg]
        def __iter__(self) -> Any:
            raise RuntimeError

    taken = privacy().body(
        {"proxy": MappingProxyType({"password": 1}), "deque": deque([CARD]), "set": {CARD}, "odd": Odd(), 7: 8}
    )

    assert taken == {"proxy": {}, "deque": ["[redacted]"], "set": ["[redacted]"], "odd": "[truncated]", "7": 8}
    assert len(privacy().body(knot)) > 32_768
    assert list(map(len, privacy().body({"knot": knot}).values())) == [len(privacy().body(knot))]
    assert "deep" not in repr(privacy().body(nest))
    assert privacy(drop=["body"]).body("text") is None


def test_payloads() -> None:
    """What a mapping made of other attributes is looked at again, in the places where requests leave their traces."""
    page = {"url": "https://u:p@h/?token=x&mail=m", "search": "?mail=m"}
    payload: Any = {
        "type": "page",
        "name": f"My {CARD}",
        "context": {
            "ip": "203.0.113.77",
            "userAgent": "curl/8.4.0",
            "userAgentData": {"mobile": True},
            "page": page,
            "device": {"token": "push-1"},
            "traits": {"password": "x", "plan": "pro"},
        },
        "properties": {**page, "path": "/"},
    }

    again = privacy(ip="truncate", query="drop", user_agent="family")
    again.payload(payload)

    assert again.looks_again
    assert payload == {
        "type": "page",
        "name": "My [redacted]",
        "context": {
            "ip": "203.0.113.0",
            "userAgent": "curl",
            "page": {"url": "https://h/", "search": ""},
            "device": {"token": "push-1"},
            "traits": {"password": "x", "plan": "pro"},
        },
        "properties": {"url": "https://h/", "search": "", "path": "/"},
    }
    assert page["search"] == "?mail=m"


def test_payloads_of_made_values() -> None:
    """Cards and credentials in what a mapping made are taken out, whatever rules it has; its names take out nothing."""
    properties = {"promo_token": "x", "card": CARD, "url": "https://h/?token=abc", "m": [{"n": 4111111111111111}]}
    expected = {
        "promo_token": "x",
        "card": "[redacted]",
        "url": "https://h/?token=REDACTED",
        "m": [{"n": "[redacted]"}],
    }
    for rules in ({}, {"ip": "truncate"}):
        payload: Any = {"type": "track", "event": CARD, "userId": "4111111111111111", "properties": properties}
        privacy(**rules).payload(payload)

        assert payload == {
            "type": "track",
            "event": "[redacted]",
            "userId": "4111111111111111",
            "properties": expected,
        }


def test_payloads_in_which_nothing_is() -> None:
    """What holds no secret stays the same object, and so does all where the deny list is off."""
    clean: Any = {"type": "track", "properties": {"email": "a@b.c", "url": "https://h/?page=2"}, "context": {"a": 1}}
    off: Any = {"type": "track", "properties": {"card": CARD}}
    for payload, rules in ((clean, {}), (off, {"deny_list": False})):
        properties = payload["properties"]
        privacy(**rules).payload(payload)

        assert payload["properties"] is properties


def test_what_is_too_large() -> None:
    """What no event may be in any case is not looked through; the conversion finds it too large."""
    knot: dict[str, Any] = {"a": 1}
    knot["m"] = knot["n"] = knot
    deep: dict[str, Any] = {}
    for level in range(60):
        deep = {"k" * 20_000 + str(level): deep}
    for body in (knot, deep, {"a": ["4111 " * 100_000]}, {"a": "x " * 200_000}, {f"key {n}": n for n in range(90_000)}):
        assert len(privacy().body(body)["[truncated]"]) > 32_768


def test_keys_that_come_once() -> None:
    """Keys without end neither fill the memory nor change what happens to those that come again."""
    again = privacy(drop=["analytics.properties.b"])
    for number in range(20_000):
        taken = again.attributes({"analytics.properties": {f"k{number}": 1, "b": 2, "password": "x"}})
        assert taken == {"analytics.properties": {f"k{number}": 1}}
    assert len(again._treatments.known) <= 4_096
