"""Text of others on a terminal: nothing in it that the terminal would obey."""

__all__ = ["tame", "tame_line"]


def tame(text: str) -> str:
    """Return a text with a sign in the place of each character that cannot be seen."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def tame_line(text: str) -> str:
    """Return a text as one line, with single spaces."""
    return tame(" ".join(text.split()))
