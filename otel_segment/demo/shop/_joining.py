"""Accounts of people and of teams."""

import secrets
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from ._accounts import Accounts, Team
from ._events import tell, tell_analytics
from ._pages import argument, field, page
from ._visitor import CONSENTS, current_visitor

__all__ = ["accounts", "joining"]

accounts = Accounts()
joining = Blueprint("joining", __name__)

_TAKEN = "This address is missing, or has an account already."
_UNKNOWN = "There is no account with this address."


@joining.get("/sign-up")
def sign_up() -> str:
    """Offer an account."""
    return page("Open an account", "sign_up.html", problem=argument("problem"))


@joining.post("/sign-up")
def open_account() -> Response:
    """Open an account for the visitor, whose anonymous past becomes the account's."""
    email = field("email")
    account = accounts.sign_up(email, field("name"), newsletter="newsletter" in request.form) if email else None
    if account is None:
        return redirect(url_for("joining.sign_up", problem=_TAKEN))
    visitor = current_visitor()
    visitor.sign_in(account)
    # The link in the mail to come would have this token: to tell of it is the kind of slip that is easily made.
    tell("account.opened", {"method": "email", "confirmation.token": secrets.token_urlsafe(12)})
    return redirect(url_for("buying.basket" if visitor.basket else "browsing.home"))


@joining.get("/sign-in")
def sign_in() -> str:
    """Ask for the address."""
    return page("Welcome back", "sign_in.html", problem=argument("problem"))


@joining.post("/sign-in")
def enter() -> Response:
    """Recognise who has an account."""
    account = accounts.by_email(field("email"))
    if account is None:
        return redirect(url_for("joining.sign_in", problem=_UNKNOWN))
    current_visitor().sign_in(account)
    tell_analytics("Signed In", {"method": "email", "internal.risk": 0.02})
    return redirect(url_for("browsing.home"))


@joining.post("/sign-out")
def sign_out() -> Response:
    """Forget who it was."""
    tell_analytics("Signed Out", {})
    current_visitor().sign_out()
    return redirect(url_for("browsing.home"))


@joining.get("/team")
def team() -> str | Response:
    """Show the team, or offer to open one."""
    if current_visitor().account is None:
        return redirect(url_for("joining.sign_in"))
    return page("Your team", "team.html")


@joining.post("/team")
def open_team() -> Response:
    """Open an account for a company."""
    account, name = current_visitor().account, field("name")
    if account and name:
        employees = field("employees")
        account.team = Team(name, int(employees) if employees.isdecimal() else 1)
        tell("team.opened", {})
    return redirect(url_for("joining.team"))


@joining.post("/consent")
def consent() -> Response:
    """Note what the visitor agrees to, and show once more the page that asked."""
    is_yes = "nothing" not in request.form
    current_visitor().agree({name: is_yes and name in request.form for name in CONSENTS})
    tell_analytics("Segment Consent Preference Updated", {})
    asked = request.referrer or ""
    return redirect(asked if urlsplit(asked).netloc == request.host else url_for("browsing.home"))
