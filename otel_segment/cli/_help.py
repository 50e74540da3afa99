"""How help looks: text to the width of the terminal, examples as they are."""

import argparse
import sys
import textwrap
from collections.abc import Iterator
from itertools import groupby

__all__ = ["HelpFormatter", "keep_colours_to_terminals"]

_WIDEST = 110


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Fills paragraphs; a line that is indented stays a line."""

    def add_argument(self, action: argparse.Action) -> None:
        """Note an argument, and how much room it takes."""
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - there is no public way to know
            # The library forgets that these are indented, and breaks the line of the longest.
            self._action_max_length += self._indent_increment

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in _lines(text, min(width, _WIDEST)))


def keep_colours_to_terminals(parser: argparse.ArgumentParser) -> None:
    """Have help without colours where it does not go to a terminal, FORCE_COLOR or not.

    From Python 3.14 on the library colours it; it obeys NO_COLOR by itself.
    """
    parser.color = all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))  # type: ignore[attr-defined,unused-ignore]


def _lines(text: str, width: int) -> Iterator[str]:
    for is_prose, lines in groupby(text.strip("\n").splitlines(), _is_prose):
        if is_prose:
            yield from textwrap.wrap(" ".join(lines), width, break_long_words=False, break_on_hyphens=False)
        else:
            yield from lines


def _is_prose(line: str) -> bool:
    return line != "" and not line.startswith(" ")
