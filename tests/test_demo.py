"""The demonstration: the shop, the crowd, and the command that brings them together."""

import ast
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from running import unmeasured

from otel_segment import DropReason
from otel_segment.cli import main
from otel_segment.demo import MAPPING, SALT, Crowd, ShopError, ShopProcess, Told, expect, tally
from otel_segment.inspector import LocalEndpoint

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
SHOP = Path(__file__).parent.parent / "otel_segment" / "demo" / "shop"
TIMEOUT = 20
# Under some runners Ctrl-C is ignored, and a child inherits that.
COMMAND = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from otel_segment import DropReason
from otel_segment.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    """Where the shop's events go."""
    with LocalEndpoint(write_key="demo-key") as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def shop(endpoint: LocalEndpoint) -> Iterator[ShopProcess]:
    """A shop that runs."""
    with ShopProcess(endpoint.url, "demo-key") as shop:
        yield shop


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    """A browser that nobody has used before."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["User-Agent"] = AGENT
        yield session


def until(condition: Callable[[], object]) -> bool:
    """Wait for something that nobody announces."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    """Say whether a process that is not our child has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def agree(browser: requests.Session, shop: str, *consents: str) -> requests.Response:
    """Agree to this, and to nothing else."""
    return browser.post(f"{shop}/consent", data=dict.fromkeys(consents, "on"), timeout=TIMEOUT)


def told_by(shop: ShopProcess) -> list[Told]:
    """Return what the shop told, with what is to come of it."""
    return expect(shop.ledger(), MAPPING)


def all_there(endpoint: LocalEndpoint, told: list[Told]) -> bool:
    """Wait for the first call of each event that is to make one."""
    due = [each.uid for each in told if each.calls]
    return endpoint.received.wait_for(lambda seen: all(map(seen.find, due)), TIMEOUT)


def sign_up(browser: requests.Session, shop: ShopProcess, email: str) -> requests.Response:
    """Open an account."""
    form = {"email": email, "name": "Ada Lovelace"}
    return browser.post(f"{shop.url}/sign-up", data=form, timeout=TIMEOUT)


class TestShop:
    """The shop by itself, in a browser's hands."""

    @pytest.mark.parametrize(
        ("path", "status", "text"),
        [
            ("/", 200, "Things for a calm home"),
            ("/catalogue", 200, "Paper lamp"),
            ("/catalogue?category=Desk", 200, "Brass pen"),
            ("/catalogue?q=wool", 200, "Wool throw"),
            ("/catalogue?q=<script>alert(1)</script>", 200, "&lt;script&gt;"),
            ("/products/mug", 200, "Add to basket"),
            ("/products/car", 404, "no such page"),
            ("/kiosk", 200, "The screen by the door"),
            ("/kiosk/Finder", 200, "desk upstairs"),
            ("/kiosk/Roof", 404, "no such page"),
            ("/basket", 200, "nothing in it yet"),
            ("/checkout", 200, "nothing in it yet"),
            ("/sign-up", 200, "Open an account"),
            ("/sign-in", 200, "Welcome back"),
            ("/team", 200, "Welcome back"),
            ("/health", 200, "up"),
            ("/favicon.ico", 204, ""),
            ("/nowhere", 404, "no such page"),
        ],
    )
    def test_pages(self, shop: ShopProcess, browser: requests.Session, path: str, status: int, text: str) -> None:
        """Each page comes, and says what it is about."""
        answer = browser.get(shop.url + path, timeout=TIMEOUT)

        assert answer.status_code == status
        assert text in answer.text

    def test_order(self, shop: ShopProcess, browser: requests.Session) -> None:
        """A person fills a basket, signs up, orders, opens a team account, leaves and comes back."""
        email = "order@example.com"
        for path in ("/basket/add/mug", "/basket/add/pen", "/basket/remove/pen"):
            basket = browser.post(shop.url + path, timeout=TIMEOUT)
        turned_away = browser.get(f"{shop.url}/checkout", timeout=TIMEOUT)
        signed_up = sign_up(browser, shop, email)
        checkout = browser.get(f"{shop.url}/checkout", timeout=TIMEOUT)
        thanks = browser.post(f"{shop.url}/checkout", data={"shipping": "parcel"}, timeout=TIMEOUT)
        team = browser.post(f"{shop.url}/team", data={"name": "Initech", "employees": "9"}, timeout=TIMEOUT)
        left = browser.post(f"{shop.url}/sign-out", timeout=TIMEOUT)
        back = browser.post(f"{shop.url}/sign-in", data={"email": email.upper()}, timeout=TIMEOUT)

        assert "Sign up to order" in basket.text
        assert "Brass pen" not in basket.text
        assert "Open an account" in turned_away.text
        assert "To the checkout" in signed_up.text
        assert "€ 19.40" in checkout.text
        assert "Thank you" in thanks.text
        assert "You order for Initech, 9 people." in team.text
        assert "Sign in" in left.text
        assert "Sign out Ada Lovelace" in back.text

    def test_refusals(self, shop: ShopProcess, browser: requests.Session) -> None:
        """An address that is taken, missing or unknown is said so."""
        sign_up(browser, shop, "taken@example.com")

        answers = [
            sign_up(browser, shop, "Taken@example.com"),
            sign_up(browser, shop, ""),
            browser.post(f"{shop.url}/sign-in", data={"email": "who@example.com"}, timeout=TIMEOUT),
            browser.post(f"{shop.url}/checkout", timeout=TIMEOUT),
        ]

        assert "has an account already" in answers[0].text
        assert "missing" in answers[1].text
        assert "There is no account" in answers[2].text
        assert "nothing in it yet" in answers[3].text

    def test_consent(self, shop: ShopProcess, browser: requests.Session) -> None:
        """A visitor is asked until there is an answer, and returns to the page that asked, if it is the shop's."""
        question = "May we count"
        asked = browser.get(shop.url, timeout=TIMEOUT)
        page = f"{shop.url}/products/mug?utm_source=letter"
        answered = browser.post(f"{shop.url}/consent", headers={"Referer": page}, timeout=TIMEOUT)
        elsewhere = browser.post(f"{shop.url}/consent", headers={"Referer": "https://example.org/"}, timeout=TIMEOUT)

        assert question in asked.text
        assert question not in answered.text
        assert (answered.url, elsewhere.url) == (page, f"{shop.url}/")
        assert question not in browser.get(shop.url, timeout=TIMEOUT).text

    def test_strange_cookie(self, shop: ShopProcess, browser: requests.Session) -> None:
        """A cookie that the shop never made is replaced."""
        browser.cookies.set("shop_visitor", "<script>", domain="127.0.0.1")

        answer = browser.get(shop.url, timeout=TIMEOUT)

        assert re.fullmatch(r"[0-9a-f-]{36}", answer.cookies["shop_visitor"])

    def test_knows_no_exporter(self) -> None:
        """The shop imports OpenTelemetry's API, and neither its SDK nor anything of this library."""
        imported = {
            name
            for path in SHOP.glob("*.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for name in ([node.module] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
            if name and not (isinstance(node, ast.ImportFrom) and node.level)
        }

        assert {name for name in imported if name.startswith("otel_segment")} == set()
        assert {name for name in imported if name.startswith("opentelemetry")} == {
            "opentelemetry",
            "opentelemetry._logs",
            "opentelemetry.trace",
        }


class TestWay:
    """What the shop tells, and what arrives."""

    def test_everything_arrives(self, endpoint: LocalEndpoint, shop: ShopProcess) -> None:
        """A visitor who does everything makes calls of all six types, and each arrives once and valid."""
        known = told_by(shop)
        assert all_there(endpoint, known)
        endpoint.received.clear()
        crowd = Crowd(shop.url, visitors=1, seed=7, pause=0)

        crowd.run()
        told = told_by(shop)[len(known) :]
        arrived = all_there(endpoint, told)
        result = tally(told, endpoint.received, crowd.viewed)

        assert arrived
        assert crowd.failures == []
        assert result.due == result.emitted - sum(result.withheld.values())
        assert {"ignored_by_rule", "no_consent"} <= result.withheld.keys() <= {*DropReason}
        assert (result.types["identify"], result.types["group"], result.types["alias"]) == (1, 1, 2)
        assert result.types.keys() == {"track", "page", "screen", "identify", "group", "alias"}
        assert result.people == 1
        assert (result.missing, result.strangers, result.changed) == ([], [], [])
        assert (result.viewed, result.miscounted) == (result.pages, [])
        assert result.pages > result.types["page"] > 0
        assert result.complete
        assert len(result.delays) == result.arrived

    def test_page_views_are_counted_twice(
        self, endpoint: LocalEndpoint, shop: ShopProcess, browser: requests.Session
    ) -> None:
        """Where the browsers viewed other pages than were told of, the tally is not complete, and says which."""
        known = len(told_by(shop))
        browser.get(f"{shop.url}/products/mug", timeout=TIMEOUT)
        told = told_by(shop)[known:]

        result = tally(told, endpoint.received, {"/products/mug": 2, "/basket": 1})

        assert (result.viewed, result.pages) == (3, 1)
        assert result.miscounted == [
            "/basket: viewed 1 times, told of 0 times",
            "/products/mug: viewed 2 times, told of 1 times",
        ]
        assert not result.complete

    def test_nothing_without_consent(self, endpoint: LocalEndpoint, shop: ShopProcess) -> None:
        """Of who does not agree nothing arrives but that; an answer that is changed counts from then on."""
        with requests.Session() as browser:
            browser.trust_env = False
            browser.headers["User-Agent"] = AGENT
            browser.get(f"{shop.url}/products/lamp", timeout=TIMEOUT)
            anonymous_id = browser.cookies["shop_visitor"]
            for consents in ((), ("analytics", "marketing")):
                agree(browser, shop.url, *consents)
                browser.get(f"{shop.url}/products/lamp", timeout=TIMEOUT)
        wanted = [
            ("Segment Consent Preference Updated", False),
            ("Segment Consent Preference Updated", True),
            ("/", True),
            ("Product Viewed", True),
            ("/products/<product_id>", True),
        ]

        def mine() -> list[tuple[str, dict[str, bool]]]:
            messages = [each for each in endpoint.received.messages if each.get("anonymousId") == anonymous_id]
            messages.sort(key=lambda message: str(message["timestamp"]))
            return [
                (message.get("event") or message["name"], message["context"]["consent"]["categoryPreferences"])
                for message in messages
            ]

        assert endpoint.received.wait_for(lambda _: len(mine()) >= len(wanted), TIMEOUT)
        assert mine() == [(name, {"Analytics": given, "Advertising": given}) for name, given in wanted]

    def test_secrets_stay(self, endpoint: LocalEndpoint, shop: ShopProcess, browser: requests.Session) -> None:
        """What the shop tells by mistake, and what the mapping keeps back, is in nothing that arrives."""
        known = len(told_by(shop))
        agree(browser, shop.url, "analytics")
        browser.get(f"{shop.url}/kiosk?subscriber=secret-name@example.com&utm_source=letter", timeout=TIMEOUT)
        browser.post(f"{shop.url}/basket/add/mug", timeout=TIMEOUT)
        sign_up(browser, shop, "secret-name@example.com")
        browser.post(f"{shop.url}/checkout", data={"note": "use 4111-1111-1111-1111"}, timeout=TIMEOUT)
        told = told_by(shop)[known:]
        tokens = [token for entry in shop.ledger() if (token := entry["attributes"].get("confirmation.token"))]
        assert all_there(endpoint, told)
        everything = json.dumps(endpoint.received.messages)

        assert tokens
        for secret in ("secret-name", "4111-1111", "KL-0007", "internal.risk", *tokens):
            assert secret not in everything
        assert "use [redacted]" in everything
        assert "***@example.com" in everything

    def test_what_arrives(self, endpoint: LocalEndpoint, shop: ShopProcess, browser: requests.Session) -> None:
        """What was said through OpenTelemetry arrives in Segment's words."""
        browser.headers.update({"User-Agent": "Browser/1.0", "Accept-Language": "de-DE,de;q=0.9"})
        agree(browser, shop.url, "analytics")
        browser.get(
            f"{shop.url}/products/mug?utm_source=letter&utm_campaign=autumn",
            headers={"Referer": "https://www.example.org/mugs"},
            timeout=TIMEOUT,
        )
        anonymous_id = browser.cookies["shop_visitor"]
        browser.post(f"{shop.url}/basket/add/mug", timeout=TIMEOUT)
        sign_up(browser, shop, "way@example.com")
        browser.post(f"{shop.url}/checkout", timeout=TIMEOUT)

        def mine() -> dict[str, dict[str, object]]:
            messages = [each for each in endpoint.received.messages if each.get("anonymousId") == anonymous_id]
            return {message.get("event") or message["type"]: message for message in messages}

        wanted = {"Product Viewed", "alias", "identify", "Payment Info Entered", "Order Completed"}
        assert endpoint.received.wait_for(lambda _: wanted <= mine().keys(), TIMEOUT)
        viewed, ordered, paid = mine()["Product Viewed"], mine()["Order Completed"], mine()["Payment Info Entered"]
        context = viewed["context"]
        assert isinstance(context, dict)
        assert viewed["properties"] == {
            "product_id": "mug",
            "name": "Blue mug",
            "category": "Kitchen",
            "price": 14.5,
            "quantity": 1,
            "currency": "EUR",
            "url": "https://shop.example.com/products/mug",
            "store": "demo-shop",
        }
        assert context["campaign"] == {"source": "letter", "name": "autumn"}
        assert (context["userAgent"], context["locale"], context["ip"]) == ("Browser/1.0", "de-DE", "127.0.0.0")
        assert context["page"]["referrer"] == "https://www.example.org/mugs"
        assert mine()["alias"]["previousId"] == anonymous_id
        assert mine()["identify"]["userId"] == mine()["alias"]["userId"] == ordered["userId"] == paid["userId"]
        assert isinstance(ordered["properties"], dict)
        assert ordered["properties"]["revenue"] == 14.5
        assert "affiliation" not in ordered["properties"]
        assert ordered["properties"]["products"][0]["product_id"] == "mug"
        assert isinstance(paid["properties"], dict)
        assert paid["properties"]["payment_method"] == "invoice"


class TestProcess:
    """The shop's process."""

    def test_ends_with_flush(self) -> None:
        """A shop that is told to end sends what is waiting, ends without a complaint and answers no more."""
        with LocalEndpoint() as endpoint, ShopProcess(endpoint.url, "demo-key") as shop:
            Crowd(shop.url, visitors=1, pause=0).run()
            told = told_by(shop)
            shop.stop()

            assert tally(told, endpoint.received).complete
            # The shop slips on purpose, and is told of what does not leave.
            complaints = [line for line in shop.complaints().splitlines() if "is named like a secret" not in line]
            assert complaints == []
            assert not shop.running()
            with pytest.raises(ShopError, match="does not answer"):
                shop.ledger()

    def test_ends_with_parent(self) -> None:
        """A shop whose parent was killed ends by itself."""
        script = (
            "from otel_segment.demo import ShopProcess; import time;"
            "shop = ShopProcess('http://127.0.0.1:9', 'k'); print(shop.pid, flush=True); time.sleep(600)"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            parent.kill()

        assert until(lambda: gone(pid))

    def test_visitors_of_a_closed_shop(self) -> None:
        """Visitors who find the shop closed say so and go home."""
        with LocalEndpoint() as other:
            wrong = Crowd(other.url, visitors=2, pause=0)
            wrong.run()
        closed = Crowd(other.url, visitors=2, pause=0)
        closed.run()

        assert any("was answered 40" in failure for failure in wrong.failures)
        assert ["a page did not come" in failure for failure in closed.failures] == [True, True]


class TestCommand:
    """``otel-segment demo``."""

    @pytest.mark.parametrize("colour", [True, False])
    def test_once_on_a_terminal(self, colour: bool) -> None:
        """On a terminal the events come in colour unless NO_COLOR is set, and the exit code is 0."""
        ours, theirs = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
        environment |= {"TERM": "xterm-256color"} | ({} if colour else {"NO_COLOR": "1"})
        with subprocess.Popen(
            [sys.executable, "-m", "otel_segment", "demo", "--once", "--visitors", "2"],
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=environment,
        ) as process:
            os.close(theirs)
            output = _read_all(ours)
            assert process.stderr is not None
            complaints = process.stderr.read()

        assert (process.returncode, complaints) == (0, b"")
        assert "Everything that was to leave arrived exactly once and valid." in output
        assert "would be dropped" in output
        assert bool(re.search(r"\x1b\[(\d+;)*(3[0-8]|9[0-7])(;\d+)*m", output)) == colour

    def test_once_elsewhere(self) -> None:
        """Elsewhere the events are plain lines with a summary after them, and the exit code is 0."""
        command = [sys.executable, "-m", "otel_segment", "demo", "--once", "--seed", "3"]

        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

        assert (done.returncode, done.stderr) == (0, "")
        assert "\x1b" not in done.stdout
        assert re.search(r"^\d\d:\d\d:\d\d\.\d{3}  T track     Order Completed +u-\w+ +ok$", done.stdout, re.MULTILINE)
        assert re.search(
            r"^calls +\d+ track, \d+ page, \d+ screen, \d+ identify, \d+ group, \d+ alias$", done.stdout, re.MULTILINE
        )
        assert re.search(r"^visitors +12 people in \d+ events$", done.stdout, re.MULTILINE)
        sums = re.search(
            r"^told +(\d+) events by the shop, of which (\d+) were to leave and (\d+) arrived\n"
            r"withheld +(\d+) by the mapping: (\d+) ignored by a rule, (\d+) without consent(.*)$",
            done.stdout,
            re.MULTILINE,
        )
        assert sums
        told, due, arrived, withheld, ignored, unwilling = map(int, sums.groups()[:-1])
        sampled_out = sum(map(int, re.findall(r"\d+", sums[7])))
        assert (due, arrived, withheld) == (told - withheld, due, ignored + unwilling + sampled_out)
        assert done.stdout.endswith("Everything that was to leave arrived exactly once and valid.\n")

    def test_record(self, tmp_path: Path) -> None:
        """What was told is written down, and the mapping makes of it, told again, what it made at first."""
        events = tmp_path / "events.jsonl"
        command = [sys.executable, "-m", "otel_segment", "demo", "--once", "--visitors", "1", "--record", str(events)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        command = [sys.executable, "-m", "otel_segment", "mapping", "test", str(MAPPING), str(events), "--salt", SALT]
        tried = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

        sums = re.search(r"^told +(\d+) events by the shop, of which (\d+)", done.stdout, re.MULTILINE)
        assert sums
        told, due = map(int, sums.groups())
        assert (done.returncode, done.stderr, tried.stderr) == (0, "", "")
        assert f"recorded  {told} events in {events}\n" in done.stdout
        summary = rf"{told} events: \d+ payloads, {told - due} dropped, 0 not selected\n\Z"
        assert re.search(summary, tried.stdout)

    def test_interrupted_later(self) -> None:
        """Ctrl-C while the shop is yours ends everything, with exit code 0."""
        process, shop = _start()
        lines = iter(process.stdout.readline, "")  # type: ignore[union-attr]
        assert any("The shop is yours" in line for line in lines)
        with requests.Session() as browser:
            agree(browser, shop, "analytics")
            browser.get(f"{shop}/products/lamp", timeout=TIMEOUT)
        assert any("Product Viewed" in line for line in lines)

        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=TIMEOUT)

        assert (process.returncode, complaints) == (0, "")
        assert rest.endswith("Everything that was to leave arrived exactly once and valid.\n")
        with pytest.raises(requests.ConnectionError):
            requests.get(shop, timeout=TIMEOUT)

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_interrupted_early(self, number: signal.Signals, code: int) -> None:
        """A signal while the crowd is there ends everything, with an exit code that says so."""
        process, shop = _start("--visitors", "100000")
        assert process.stdout is not None
        assert any(" ok\n" in line for line in iter(process.stdout.readline, ""))

        process.send_signal(number)
        _, complaints = process.communicate(timeout=TIMEOUT)

        assert (process.returncode, complaints) == (code, "")
        with pytest.raises(requests.ConnectionError):
            requests.get(shop, timeout=TIMEOUT)

    def test_shop_dies(self) -> None:
        """When the shop ends by itself, one line says so."""
        process, _ = _start("--visitors", "1")
        assert process.stdout is not None
        assert any("The shop is yours" in line for line in iter(process.stdout.readline, ""))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not children.exists():
            process.kill()
            process.communicate()
            pytest.skip("no way to find the shop's process here")

        os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
        _, complaints = process.communicate(timeout=TIMEOUT)

        assert process.returncode == 1
        assert complaints.startswith("otel-segment: the shop ended by itself")

    def test_something_missing(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """With --once the exit code is 1 when not everything arrives, and what is missing is listed."""
        lost = Told("lost", "order.lost", frozenset({"track"}))
        monkeypatch.setattr("otel_segment.cli._demo.expect", lambda ledger, mapping: [*expect(ledger, mapping), lost])
        monkeypatch.setattr("otel_segment.cli._demo._ARRIVAL_SECONDS", 1)

        code = main(["demo", "--once", "--visitors", "1"])

        told = capsys.readouterr().out
        assert code == 1
        assert "  missing: order.lost lost\n" in told
        assert told.endswith("Not everything that was to leave arrived exactly once and valid.\n")


class TestTally:
    """The comparison at the end."""

    def test_faults(self) -> None:
        """Every way in which something can go wrong is found and makes the result incomplete."""
        messages = [
            {"type": "track", "event": "Right", "userId": "u", "anonymousId": "a", "messageId": "1"},
            {"type": "page", "name": "Changed", "anonymousId": "a", "messageId": "2", "timestamp": "soon"},
            {"type": "track", "event": "Stranger", "anonymousId": "b", "messageId": "3"},
            {"type": "track", "event": "Right", "userId": "u", "messageId": "1"},
            {"type": "track", "event": "Ping", "userId": "u", "messageId": "5"},
            {"type": "identify", "userId": "u", "messageId": "6"},
            {"type": "page", "userId": "u", "messageId": "6-page"},
        ]
        told = [Told(str(number), "right", frozenset({"track"})) for number in (1, 2, 4)]
        told += [Told("5", "ping", frozenset(), "ignored_by_rule"), Told("6", "four", frozenset({"page", "track"}))]
        with LocalEndpoint() as endpoint:
            for batch in (messages, [{"nothing": "x" * 40_000}]):
                requests.post(f"{endpoint.url}/v1/batch", json={"batch": batch}, auth=("k", ""), timeout=TIMEOUT)

            result = tally(told, endpoint.received)

        assert (result.emitted, result.arrived, result.people) == (5, 6, 2)
        assert (result.withheld, result.due) == ({"ignored_by_rule": 1}, 4)
        assert (result.refused, result.duplicates) == (1, 1)
        assert result.dropped == ["page: invalid_timestamp"]
        assert result.missing == [told[1], told[2], told[4]]
        assert (result.strangers, result.changed) == (["3", "5"], ["2"])
        assert result.delays == []
        assert not result.complete

    def test_nothing(self) -> None:
        """A shop that told nothing is not a success."""
        with LocalEndpoint() as endpoint:
            assert not tally([], endpoint.received).complete


def _start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-c", COMMAND, "demo", *arguments]
    # What measures coverage takes a lock that is never given back when a signal ends its holder.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=unmeasured())
    assert process.stdout is not None
    process.stdout.readline()
    return process, process.stdout.readline().split()[-1]


def _read_all(terminal: int) -> str:
    pieces = []
    # A terminal without a process on its other side gives an error rather than an end.
    while True:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(terminal)
    return b"".join(pieces).decode()
