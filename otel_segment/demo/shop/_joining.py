"""Accounts of people and of teams."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from ._accounts import Account, Accounts, Team
from ._events import tell
from ._pages import argument, field, page
from ._visitor import current_visitor

__all__ = ["accounts", "joining"]

accounts = Accounts()
joining = Blueprint("joining", __name__)

_TAKEN = "This address is missing, or has an account already."
_UNKNOWN = "There is no account with this address."


@joining.get("/sign-up")
def sign_up() -> str:
    """Offer an account."""
    return page("Sign up", "Open an account", "sign_up.html", problem=argument("problem"))


@joining.post("/sign-up")
def open_account() -> Response:
    """Open an account for the visitor, whose anonymous past becomes the account's."""
    email = field("email")
    account = accounts.sign_up(email, field("name"), newsletter="newsletter" in request.form) if email else None
    if account is None:
        return redirect(url_for("joining.sign_up", problem=_TAKEN))
    visitor = current_visitor()
    visitor.sign_in(account)
    tell("alias", "user_alias", {"analytics.previous_id": visitor.anonymous_id})
    _tell_who(account)
    tell("track", "Signed Up", {"method": "email"})
    return redirect(url_for("buying.basket" if visitor.basket else "browsing.home"))


@joining.get("/sign-in")
def sign_in() -> str:
    """Ask for the address."""
    return page("Sign in", "Welcome back", "sign_in.html", problem=argument("problem"))


@joining.post("/sign-in")
def enter() -> Response:
    """Recognise who has an account."""
    account = accounts.by_email(field("email"))
    if account is None:
        return redirect(url_for("joining.sign_in", problem=_UNKNOWN))
    current_visitor().sign_in(account)
    _tell_who(account)
    tell("track", "Signed In", {"method": "email"})
    return redirect(url_for("browsing.home"))


@joining.post("/sign-out")
def sign_out() -> Response:
    """Forget who it was."""
    tell("track", "Signed Out", {})
    current_visitor().sign_out()
    return redirect(url_for("browsing.home"))


@joining.get("/team")
def team() -> str | Response:
    """Show the team, or offer to open one."""
    if current_visitor().account is None:
        return redirect(url_for("joining.sign_in"))
    return page("Team account", "Your team", "team.html")


@joining.post("/team")
def open_team() -> Response:
    """Open an account for a company."""
    account, name = current_visitor().account, field("name")
    if account and name:
        employees = field("employees")
        account.team = Team(name, int(employees) if employees.isdecimal() else 1)
        traits = {"name": name, "employees": account.team.employees, "plan": "team"}
        tell("group", "account_group", {"analytics.group.traits": traits})
        tell("track", "Account Created", {"account_name": name})
    return redirect(url_for("joining.team"))


def _tell_who(account: Account) -> None:
    traits = {"createdAt": account.created.isoformat(timespec="milliseconds"), "orders": account.orders}
    known = {"user.email": account.email, "user.full_name": account.name, "newsletter": account.newsletter}
    tell("identify", "user_identify", {**known, "analytics.traits": traits})
