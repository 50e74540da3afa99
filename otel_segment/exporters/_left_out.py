"""Saying which attributes the deny list takes out, so that nobody looks for them in vain."""

import logging

from otel_segment._log import say_once

__all__ = ["say_left_out"]

_LONGEST_NAME = 80


def say_left_out(name: str) -> None:
    """Say once that what has a name is never sent.

    Args:
        name: The name of an attribute, with that of a key in it where it is a map.
    """
    shown = name[:_LONGEST_NAME]
    say_once(
        f"left out {shown}",
        logging.WARNING,
        "%r is named like a secret, and is not sent; give it another name, or see deny_list in the mapping's privacy",
        shown,
    )
