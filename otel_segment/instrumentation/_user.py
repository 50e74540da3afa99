"""Who is signed in, as an application says it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["User", "user_of"]


class User(NamedTuple):
    """What a ``get_user`` callback may return.

    Attributes:
        id: The user's id: text, number or ``UUID``; None where nobody is signed in.
        traits: What is known of the person.
        group_id: The account that the person acts for; as ``id``.
    """

    id: object
    traits: Mapping[str, object] | None = None
    group_id: object = None


def user_of(answer: Any) -> User | None:
    """Read what a callback returned: nothing, a :class:`User`, a map with its fields, or the bare id.

    Raises:
        TypeError: It is nothing of the kind.
    """
    if answer is None or isinstance(answer, User):
        return answer if answer is None or answer.id is not None else None
    if isinstance(answer, Mapping):
        if strangers := set(answer) - set(User._fields):
            message = f"get_user returned a map with {', '.join(sorted(map(str, strangers)))}; it may have "
            raise TypeError(message + ", ".join(User._fields))
        return User(**answer) if answer.get("id") is not None else None
    if isinstance(answer, (list, tuple, set, dict, bool)):
        message = f"get_user returned a {type(answer).__name__}; return an id, a User, a map with its fields, or None"
        raise TypeError(message)
    return User(answer)
