"""Whole numbers on the command line."""

import argparse
from collections.abc import Callable

__all__ = ["number", "port", "whole_number"]


def number(sentence: str, is_allowed: Callable[[float], bool]) -> Callable[[str], float]:
    """Give what reads a number, whole or not, for ``argparse``.

    Args:
        sentence: What is said when it is none, or not allowed.
        is_allowed: Whether it is; not a number is not.
    """

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(sentence) from None
        if not is_allowed(found):
            raise argparse.ArgumentTypeError(sentence)
        return found

    return read


def whole_number(sentence: str, least: int, most: int | None = None) -> Callable[[str], int]:
    """Give what reads a number for ``argparse``.

    Args:
        sentence: What is said when it is none, or not between the bounds.
        least: The least that it may be.
        most: The most that it may be; ``None`` for any.
    """

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(sentence) from None
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(sentence)
        return number

    return read


port = whole_number("a port is 0 to 65535", 0, 65_535)
"""Reads a port, 0 for any free one."""
