"""Who has an account; in memory, for as long as the shop runs."""

import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone

__all__ = ["Account", "Accounts", "Team"]


@dataclass(slots=True)
class Team:
    """An account for a whole company."""

    name: str
    employees: int
    id: str = field(default_factory=lambda: f"team-{uuid.uuid4().hex[:8]}")


@dataclass(slots=True)
class Account:
    """A person who signed up."""

    email: str
    name: str
    newsletter: bool = False
    team: Team | None = None
    id: str = field(default_factory=lambda: f"u-{uuid.uuid4().hex[:12]}")
    created: datetime = field(default_factory=lambda: datetime.now(tz=timezone.utc))


class Accounts:
    """All accounts, found by id or by e-mail address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_email: dict[str, Account] = {}
        self._by_id: dict[str, Account] = {}

    def sign_up(self, email: str, name: str, *, newsletter: bool) -> Account | None:
        """Open an account, or give ``None`` where the address has one."""
        with self._lock:
            if email.casefold() in self._by_email:
                return None
            account = Account(email, name, newsletter)
            self._by_email[email.casefold()] = account
            self._by_id[account.id] = account
            return account

    def by_email(self, email: str) -> Account | None:
        """Find an account by its e-mail address."""
        return self._by_email.get(email.casefold())

    def by_id(self, account_id: str) -> Account | None:
        """Find an account by its id."""
        return self._by_id.get(account_id)
