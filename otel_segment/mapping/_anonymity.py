"""Events without the consent that the mapping requires, when they may leave without the person."""

from hashlib import sha256
from hmac import new as keyed_hash

from otel_segment._types import Drop, Payload
from otel_segment.mapping._record import Record
from otel_segment.mapping._time import iso_time
from otel_segment.reasons import DropReason

__all__ = ["Anonymity", "conceal"]

# The other calls say nothing but who somebody is.
_KEPT = frozenset({"track", "page", "screen"})

# All else tells a person, a device or a visit from others, or leads to where that is written down; so may what the
# application or a mapping adds.
_TOLD = frozenset({"app", "campaign", "channel", "consent", "library", "locale", "os", "page", "screen", "timezone"})
_LENGTH = 32
_DAY = len("2026-01-02")


def conceal(payload: Payload) -> None:
    """Take out of a payload all but its ids that tells who it was."""
    payload["context"] = {field: value for field, value in payload.get("context", {}).items() if field in _TOLD}
    # What a destination is told besides whether it gets the event is mostly whose it is.
    if "integrations" in payload:
        payload["integrations"] = {name: value is not False for name, value in payload["integrations"].items()}
    if "properties" in payload:
        payload["properties"].pop("parentEventId", None)


class Anonymity:
    """Takes out of payloads who it was, and puts a pseudonym in place that is another one each day.

    Args:
        salt: The secret without which nobody can tell whom a pseudonym stands for.
    """

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode("utf-8", "surrogatepass")

    def apply(self, made: "list[Payload | Drop]", record: Record) -> "list[Payload | Drop]":
        """Return the calls that are left of a record, without the person.

        Args:
            made: The calls that it makes, or reasons why it makes one not.
            record: The record.
        """
        kept = [each for each in made if isinstance(each, Drop) or each["type"] in _KEPT]
        if not kept:
            return [Drop(DropReason.NO_CONSENT, {"type": each["type"]}) for each in made[:1] if isinstance(each, dict)]
        day = iso_time(record.timestamp or record.observed_timestamp)[:_DAY]
        for each in kept:
            if not isinstance(each, Drop):
                self._anonymize(each, day)
        return kept

    def _anonymize(self, payload: Payload, day: str) -> None:
        person = payload.pop("userId", None) or payload.get("anonymousId", "")
        payload["anonymousId"] = self._pseudonym(person, day)
        conceal(payload)

    def _pseudonym(self, person: str, day: str) -> str:
        name = f"{day} {person}".encode("utf-8", "surrogatepass")
        return keyed_hash(self._salt, name, sha256).hexdigest()[:_LENGTH]
