"""Saying which attributes the deny list takes out, so that nobody looks for them in vain."""

import logging

from otel_segment._log import say_once

__all__ = ["say_left_out"]

_LONGEST_NAME = 80
_MOST_NAMES = 100

# Kept here as well, so that names that never end cannot fill the log, nor push others out of its memory.
_said: set[str] = set()


def say_left_out(name: str) -> None:
    """Say once that what has a name is never sent; of the first hundred names in a process.

    Args:
        name: The name of an attribute, with that of a key in it where it is a map.
    """
    shown = name[:_LONGEST_NAME]
    if shown in _said or len(_said) > _MOST_NAMES:
        return
    _said.add(shown)
    if len(_said) > _MOST_NAMES:
        say_once("left out more", logging.WARNING, "more names are like a secret's than are told here")
        return
    say_once(
        f"left out {shown}",
        logging.WARNING,
        "%r is named like a secret, and is not sent; give it another name, or see deny_list in the mapping's privacy",
        shown,
    )
