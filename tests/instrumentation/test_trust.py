"""What of the headers of proxies is believed."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requesting import MAKERS, Maker, wsgi

from otel_segment.instrumentation._trust import Seen, parse_trust

QUICK = settings(max_examples=150, deadline=None)
PEER = "203.0.113.9"
CLIENT = "198.51.100.7"
NETWORKS = tuple(map(ip_network, ("203.0.113.0/24", "10.0.0.0/8", "::ffff:0:0/96")))
GARBAGE = st.text(st.characters(max_codepoint=255), max_size=60) | st.text(
    st.sampled_from('0123456789abcf.:,;=" []%_for')
)
ADDRESSES = st.ip_addresses().map(str)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("value", [None, 0, "0", "", " , ", [], ()])
def test_none_believed(make: Maker, value: object) -> None:
    """By default the client is who is connected, whatever the headers say."""
    request = make(
        {
            "X-Forwarded-For": CLIENT,
            "Forwarded": f"for={CLIENT};proto=https;host=other.example",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "other.example",
        }
    )

    assert Seen(PEER, "http", "shop.example") == parse_trust(value).client(request)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("trusted", "headers", "address"),
    [
        (1, {"X-Forwarded-For": CLIENT}, CLIENT),
        ("1", {"X-Forwarded-For": f"1.1.1.1, {CLIENT}"}, CLIENT),
        (2, {"X-Forwarded-For": f"1.1.1.1, {CLIENT},10.0.0.4"}, CLIENT),
        (2, {"X-Forwarded-For": CLIENT}, PEER),
        (1, {}, PEER),
        (1, {"X-Forwarded-For": f"{CLIENT}, unknown"}, PEER),
        (1, {"X-Forwarded-For": f"{CLIENT},"}, PEER),
        (1, {"X-Forwarded-For": "198.51.100.7:4711"}, CLIENT),
        (1, {"X-Forwarded-For": "198.51.100.7:port"}, PEER),
        (1, {"X-Forwarded-For": "2001:DB8::0:1"}, "2001:db8::1"),
        (1, {"X-Forwarded-For": "[2001:db8::1]:443"}, "2001:db8::1"),
        (1, {"X-Forwarded-For": "[2001:db8::1]evil"}, PEER),
        (1, {"X-Forwarded-For": "fe80::1%eth0"}, "fe80::1"),
        (1, {"X-Forwarded-For": "::ffff:198.51.100.7"}, CLIENT),
        (1, {"Forwarded": f"for={CLIENT}"}, CLIENT),
        (1, {"Forwarded": 'For="[2001:db8:cafe::17]:4711";proto=https'}, "2001:db8:cafe::17"),
        (1, {"Forwarded": f"proto=https; for={CLIENT} ;by=10.0.0.1"}, CLIENT),
        (2, {"Forwarded": f"for=1.1.1.1, for={CLIENT}, for=10.0.0.4"}, CLIENT),
        (1, {"Forwarded": f'for="1.1.1.1, for={CLIENT}'}, CLIENT),
        (1, {"Forwarded": "for=_hidden"}, PEER),
        (1, {"Forwarded": "for=unknown"}, PEER),
        (1, {"Forwarded": "by=10.0.0.1"}, PEER),
        (1, {"Forwarded": f"for={CLIENT}", "X-Forwarded-For": CLIENT}, CLIENT),
        (1, {"Forwarded": "for=1.1.1.1", "X-Forwarded-For": CLIENT}, PEER),
        ("203.0.113.0/24", {"X-Forwarded-For": f"1.1.1.1, {CLIENT}"}, CLIENT),
        ("203.0.113.0/24, 10.0.0.0/8", {"X-Forwarded-For": f"1.1.1.1, {CLIENT}, 10.0.0.4, 10.1.2.3"}, CLIENT),
        (["203.0.113.9", "10.0.0.0/8"], {"X-Forwarded-For": "10.0.0.5, 10.0.0.4"}, "10.0.0.5"),
        (["203.0.113.9"], {"X-Forwarded-For": "garbage"}, PEER),
        (["203.0.113.9"], {}, PEER),
        ("10.0.0.0/8", {"X-Forwarded-For": CLIENT}, PEER),
        ("private", {"X-Forwarded-For": CLIENT}, PEER),
    ],
)
def test_clients_address(make: Maker, trusted: object, headers: dict[str, str], address: str) -> None:
    """The client is the nearest address that no trusted proxy has; what cannot be read gives who is connected."""
    assert address == parse_trust(trusted).client(make(headers)).address


@pytest.mark.parametrize(
    "peer", ["10.1.2.3", "172.31.0.1", "192.168.1.1", "127.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_private_networks(peer: str) -> None:
    """One word stands for all networks that are not reached from outside."""
    assert parse_trust("private").client(wsgi({"X-Forwarded-For": CLIENT}, peer=peer)).address == CLIENT


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("trusted", "address"),
    [(None, ""), (1, CLIENT), ("unix", CLIENT), ("UNIX, 10.0.0.0/8", CLIENT), ("10.0.0.0/8", "")],
)
def test_unix_socket(make: Maker, trusted: object, address: str) -> None:
    """A Unix socket is one proxy of a number of them, and trusted by its own word among networks."""
    assert address == parse_trust(trusted).client(make({"X-Forwarded-For": CLIENT}, peer="")).address


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("trusted", "headers", "scheme", "host"),
    [
        (1, {"X-Forwarded-Proto": "HTTPS"}, "https", "shop.example"),
        (1, {"X-Forwarded-Proto": "gopher"}, "http", "shop.example"),
        (1, {"X-Forwarded-Host": "a.example:443", "X-Forwarded-Proto": "https"}, "https", "a.example"),
        (1, {"X-Forwarded-Host": 'a"b'}, "http", "shop.example"),
        (1, {"X-Forwarded-For": CLIENT, "X-Forwarded-Host": "evil.example, a.example"}, "http", "a.example"),
        (2, {"X-Forwarded-For": f"{CLIENT}, 10.0.0.1", "X-Forwarded-Proto": "https, http"}, "https", "shop.example"),
        (2, {"X-Forwarded-For": f"{CLIENT}, 10.0.0.1", "X-Forwarded-Proto": "https"}, "https", "shop.example"),
        (1, {"Forwarded": f'for={CLIENT};proto=https;host="a.example:8443"'}, "https", "a.example:8443"),
        (1, {"Forwarded": f"for={CLIENT}", "X-Forwarded-Proto": "https"}, "https", "shop.example"),
        ("10.0.0.0/8", {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.example"}, "http", "shop.example"),
        (1, {"Host": "a b"}, "http", ""),
    ],
)
def test_scheme_and_host(make: Maker, trusted: object, headers: dict[str, str], scheme: str, host: str) -> None:
    """A trusted proxy tells how the client asked; one that is not trusted tells nothing."""
    seen = parse_trust(trusted).client(make(headers))

    assert (scheme, host) == (seen.scheme, seen.host)


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        -1,
        33,
        "999",
        "٣٣",
        1.5,
        {},
        object(),
        [1],
        ["10.0.0.0/8", None],
        "hunter2",
        "10.0.0.1/8",
        "1, 2x",
        [""],
    ],
)
def test_wrong_settings(value: object) -> None:
    """What is no number of proxies and no network is refused with what to write, and not quoted."""
    with pytest.raises(ValueError, match="write the number of proxies") as refused:
        parse_trust(value)

    assert "hunter2" not in str(refused.value)


FORGED = st.lists(ADDRESSES | GARBAGE, max_size=5).map(",".join)
OUTSIDE = ADDRESSES.filter(lambda text: not any(ip_address(text) in network for network in NETWORKS))


@QUICK
@given(forged=FORGED, hops=st.integers(1, 3), client=ADDRESSES)
def test_forged_beyond_hops(forged: str, hops: int, client: str) -> None:
    """Whatever a client puts before what a number of trusted proxies append changes nothing."""
    trust = parse_trust(hops)
    for name, true in written_by_proxies(client, hops):
        assert trust.client(wsgi({name: true})) == trust.client(wsgi({name: f"{forged}, {true}"}))


@QUICK
@given(forged=FORGED, hops=st.integers(1, 3), client=OUTSIDE)
def test_forged_beyond_networks(forged: str, hops: int, client: str) -> None:
    """Whatever a client outside of the trusted networks puts before what proxies append changes nothing."""
    trust = parse_trust([str(network) for network in NETWORKS[:2]])
    for name, true in written_by_proxies(client, hops):
        assert trust.client(wsgi({name: true})) == trust.client(wsgi({name: f"{forged}, {true}"}))


def written_by_proxies(client: str, hops: int) -> list[tuple[str, str]]:
    """Return the headers that a number of proxies make for a client."""
    node = f'"[{client}]"' if ":" in client else client
    inner = ["10.0.0.1"] * (hops - 1)
    return [
        ("X-Forwarded-For", ", ".join([client, *inner])),
        ("Forwarded", ", ".join(f"for={item}" for item in (node, *inner))),
    ]


@QUICK
@given(
    headers=st.dictionaries(
        st.sampled_from(("X-Forwarded-For", "Forwarded", "X-Forwarded-Proto", "X-Forwarded-Host", "Host")), GARBAGE
    ),
    peer=GARBAGE,
    trusted=st.sampled_from((None, 1, 3, "private", "unix", "0.0.0.0/0, ::/0")),
)
def test_never_raises(headers: dict[str, str], peer: str, trusted: object) -> None:
    """Any headers give an address, or none, and never an error."""
    for make in MAKERS:
        seen = parse_trust(trusted).client(make(headers, peer=peer))
        assert seen.address == "" or str(ip_address(seen.address)) == seen.address
        assert seen.scheme in {"http", "https"}


@pytest.mark.parametrize("filling", ["10.0.0.1,", ",", '"', "for=10.0.0.1,", "for=1;", ";", "[", "1:", "%"])
@pytest.mark.parametrize("trusted", [1, 32, "private, 203.0.113.0/24"])
def test_large_headers(filling: str, trusted: object) -> None:
    """Headers of 100 KB are read from the right, up to a bound."""
    large = filling * (100_000 // len(filling))
    seen = parse_trust(trusted).client(
        wsgi({"X-Forwarded-For": large, "X-Forwarded-Proto": large, "X-Forwarded-Host": large})
    )
    also = parse_trust(trusted).client(wsgi({"Forwarded": large}))

    assert {PEER, "10.0.0.1"} >= {seen.address, also.address}
