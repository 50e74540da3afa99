"""Visitors who come to the shop over HTTP and do what visitors do."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

__all__ = ["Crowd"]

_MOST_AT_ONCE = 12
_TIMEOUT = 10.0

_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/139.0.0.0 Mobile Safari/537.36",
)
_LANGUAGES = ("en-GB,en;q=0.8", "de-DE,de;q=0.9,en;q=0.5", "fr-FR,fr;q=0.9", "pl-PL,pl;q=0.8")
_LANDINGS = (
    ("/?utm_source=newsletter&utm_medium=email&utm_campaign=autumn&subscriber={email}", ""),
    ("/", ""),
    ("/catalogue", "https://www.example.org/best-mugs"),
    ("/catalogue?category=Living&utm_source=social&utm_campaign=wool", "https://social.example.com/"),
)
_PRODUCTS = ("mug", "bowl", "teapot", "throw", "lamp", "vase", "notebook", "pen", "clock")
_NAMES = ("Ada", "Grace", "Mary", "Katherine", "Emmy", "Lise", "Chien-Shiung", "Rosalind", "Hedy", "Sophie")
_COMPANIES = ("Initech", "Northwind", "Umbrella Tea", "Acme Tools")
# People write anything where they may.
_NOTES = ("Take my other card: 4111 1111 1111 1111", "Leave it with the neighbour", "Please ring twice")
_NO_PAGES = ("/health", "/kiosk")
"""What is fetched by a load balancer and by a terminal, not viewed by a person at a browser."""
_QUERIES = ("mug", "wool", "oak", "light")

_T = TypeVar("_T")

Step = Callable[[], requests.Response]


class _Visitor:
    """One person with one browser, who decides by lot, and by the same lot every time."""

    def __init__(self, shop: str, number: int, seed: int) -> None:
        self._shop = shop
        self._lot = random.Random(f"{seed}-{number}")  # noqa: S311
        self._email = f"visitor{number}@example.com"
        self._name = self._lot.choice(_NAMES)
        self._thorough = number == 0
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["User-Agent"] = self._lot.choice(_AGENTS)
        self.session.headers["Accept-Language"] = self._lot.choice(_LANGUAGES)

    def steps(self) -> Iterator[Step]:
        """Give what this person does, one step after the other; the first of all visitors does everything."""
        yield from self._browse()
        if self._likely(0.1):
            # A load balancer would ask as often.
            yield self._get("/health")
        if self._likely(0.15):
            yield from self._kiosk()
        if self._likely(0.65):
            yield from self._buy()
            if self._likely(0.35):
                yield from self._open_team()
            if self._likely(0.3):
                yield from self._come_back()

    def _browse(self) -> Iterator[Step]:
        landing, referrer = self._choose(_LANDINGS)
        landing = landing.format(email=self._email)
        yield self._get(landing, {"Referer": referrer} if referrer else {})
        yield self._post("/consent", {"Referer": self._shop + landing}, **self._answer())
        if self._likely(0.3):
            yield self._get("/catalogue")
        if self._likely(0.4):
            yield self._get(f"/catalogue?q={self._lot.choice(_QUERIES)}")
        for product in self._lot.sample(_PRODUCTS, self._lot.randint(1, 3)):
            yield self._get(f"/products/{product}", {"Referer": f"{self._shop}/catalogue"})

    def _answer(self) -> dict[str, str]:
        if not self._likely(0.85):
            return {"nothing": ""}
        return {"analytics": ""} | ({"marketing": "on"} if self._likely(0.5) else {})

    def _kiosk(self) -> Iterator[Step]:
        yield self._get("/kiosk")
        yield self._get("/kiosk/Finder")

    def _buy(self) -> Iterator[Step]:
        chosen = self._lot.choice(_PRODUCTS)
        yield self._post(f"/basket/add/{chosen}")
        if self._likely(0.2):
            yield self._post(f"/basket/add/{chosen}")
            yield self._post(f"/basket/remove/{chosen}")
        yield self._get("/sign-up")
        yield self._post("/sign-up", email=self._email, name=self._name, newsletter="on")
        yield self._get("/checkout")
        yield self._post("/checkout", shipping=self._lot.choice(("parcel", "bicycle")), note=self._choose(_NOTES))

    def _open_team(self) -> Iterator[Step]:
        yield self._get("/team")
        yield self._post("/team", name=self._lot.choice(_COMPANIES), employees=str(self._lot.randint(3, 400)))

    def _come_back(self) -> Iterator[Step]:
        yield self._post("/sign-out")
        yield self._get("/sign-in")
        yield self._post("/sign-in", email=self._email)

    def _choose(self, things: Sequence[_T]) -> _T:
        chosen = self._lot.choice(things)
        return things[0] if self._thorough else chosen

    def _likely(self, share: float) -> bool:
        return self._lot.random() < share or self._thorough

    def _get(self, path: str, headers: dict[str, str] | None = None) -> Step:
        return lambda: self.session.get(self._shop + path, headers=headers, timeout=_TIMEOUT)

    def _post(self, path: str, headers: dict[str, str] | None = None, **form: Any) -> Step:
        return lambda: self.session.post(self._shop + path, data=form, headers=headers, timeout=_TIMEOUT)


class Crowd:
    """Visitors who come to the shop, twelve at a time."""

    def __init__(self, shop: str, visitors: int, seed: int = 1, pause: float = 0.05) -> None:
        """Gather the visitors.

        Args:
            shop: The base URL of the shop.
            visitors: How many come.
            seed: What they do depends on this alone.
            pause: Seconds that a visitor looks at a page, on average.
        """
        self._shop = shop
        self._seed = seed
        self._pause = pause
        self._waiting = iter(range(visitors))
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.failures: list[str] = []
        """What went wrong, in words; empty when every page came as it should."""
        self.viewed: Counter[str] = Counter()
        """How often each page was viewed, by its path, as the visitors' browsers saw it."""
        count = min(visitors, _MOST_AT_ONCE)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]

    def run(self) -> None:
        """Let all of them come, and wait until the last has gone."""
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()

    def stop(self, timeout: float = 0.5) -> None:
        """Send everybody home after their current step, and wait so many seconds for the last to go."""
        self._stopped.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0, deadline - time.monotonic()))

    def _work(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                number = next(self._waiting, None)
            if number is None:
                return
            visitor = _Visitor(self._shop, number, self._seed)
            with visitor.session:
                self._follow(visitor)

    def _follow(self, visitor: _Visitor) -> None:
        for step in visitor.steps():
            try:
                answer = step()
            except requests.RequestException as error:
                self._note(f"a page did not come: {error}")
                return
            self._look_at(answer)
            if not answer.ok:
                self._note(f"{answer.request.method} {answer.request.path_url} was answered {answer.status_code}")
            if self._stopped.wait(self._pause):
                return

    def _look_at(self, answer: requests.Response) -> None:
        path = urlsplit(answer.url).path
        is_html = answer.headers.get("Content-Type", "").startswith("text/html")
        if answer.ok and is_html and not path.startswith(_NO_PAGES):
            with self._lock:
                self.viewed[path] += 1

    def _note(self, failure: str) -> None:
        with self._lock:
            if not self._stopped.is_set():
                self.failures.append(failure)
