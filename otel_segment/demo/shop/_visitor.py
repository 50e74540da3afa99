"""Who is looking at the shop: a cookie for the browser, a signed session for the account and the basket."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Flask, Request, Response, g, request, session

from ._accounts import Account, Accounts
from ._catalogue import PRODUCTS, Product

__all__ = [
    "CONSENTS",
    "Visitor",
    "account_id",
    "browser_id",
    "current_visitor",
    "given_consent",
    "recognise_visitors",
]

CONSENTS: Final = ("analytics", "marketing")
"""What a visitor is asked for, and what it is called."""

_COOKIE = "shop_visitor"
_CONSENT_COOKIE = "shop_consent"
_KNOWN_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_PARTNER = 40
_TWO_YEARS = 2 * 365 * 24 * 60 * 60


@dataclass(slots=True)
class Visitor:
    """The one whose request is being served."""

    anonymous_id: str
    account: Account | None = None
    consent: Mapping[str, bool] = field(default_factory=dict)
    """The answer to each of ``CONSENTS``; empty while there is none."""

    @property
    def basket(self) -> list[tuple[Product, int]]:
        """The products in the basket and how many of each."""
        chosen: dict[str, int] = session.get("basket", {})
        return [(PRODUCTS[product], count) for product, count in chosen.items() if product in PRODUCTS]

    @property
    def total_cents(self) -> int:
        """What the basket costs."""
        return sum(product.cents * count for product, count in self.basket)

    @property
    def partner(self) -> str:
        """Who sent the visitor here; empty where nobody did."""
        return str(session.get("partner", ""))

    def put(self, product: Product, count: int) -> None:
        """Put some of a product into the basket, or take them out with a negative number."""
        chosen: dict[str, int] = dict(session.get("basket", {}))
        chosen[product.id] = chosen.get(product.id, 0) + count
        if chosen[product.id] <= 0:
            del chosen[product.id]
        session["basket"] = chosen

    def agree(self, consent: Mapping[str, bool]) -> None:
        """Answer what is asked, for this request and those to come."""
        self.consent = consent

    def sign_in(self, account: Account) -> None:
        """Be this person from now on."""
        session["account"] = account.id
        self.account = account

    def sign_out(self) -> None:
        """Be nobody known, and nobody who was here before."""
        session.clear()
        self.account = None
        self.anonymous_id = str(uuid.uuid4())


def current_visitor() -> Visitor:
    """Give the one whose request is being served."""
    visitor: Visitor = g.visitor
    return visitor


def account_id(_: Request) -> str | None:
    """Say whose account it is that a request is made with, to whoever is told to ask here."""
    account = current_visitor().account
    return account.id if account else None


def browser_id(_: Request) -> str:
    """Say which browser a request is from, likewise."""
    return current_visitor().anonymous_id


def given_consent(_: Request) -> Mapping[str, bool]:
    """Say what the visitor agrees to, likewise."""
    return current_visitor().consent


def recognise_visitors(app: Flask, accounts: Accounts) -> None:
    """Recognise who comes, from now on, and mark who is new."""

    @app.before_request
    def recognise() -> None:
        cookie = request.cookies.get(_COOKIE, "")
        anonymous_id = cookie if _KNOWN_FORM.fullmatch(cookie) else str(uuid.uuid4())
        g.visitor = Visitor(anonymous_id, accounts.by_id(session.get("account", "")), _given_consent())
        if partner := request.args.get("utm_source", ""):
            session["partner"] = partner[:_LONGEST_PARTNER]

    @app.after_request
    def mark(response: Response) -> Response:
        anonymous_id = current_visitor().anonymous_id
        if request.cookies.get(_COOKIE) != anonymous_id:
            response.set_cookie(_COOKIE, anonymous_id, max_age=_TWO_YEARS, httponly=True, samesite="Lax")
        if current_visitor().consent and current_visitor().consent != _given_consent():
            given = "+".join(name for name, yes in current_visitor().consent.items() if yes)
            response.set_cookie(_CONSENT_COOKIE, given or "none", max_age=_TWO_YEARS, httponly=True, samesite="Lax")
        return response

    @app.context_processor
    def facts() -> dict[str, Any]:
        return {"visitor": current_visitor()}


def _given_consent() -> dict[str, bool]:
    cookie = request.cookies.get(_CONSENT_COOKIE)
    return {name: name in cookie.split("+") for name in CONSENTS} if cookie else {}
