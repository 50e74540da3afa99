"""What is held back for a while, and goes on its way when all that was emitted is asked for."""

from collections.abc import Callable

__all__ = ["on_release", "release"]

_releases: list[Callable[[], None]] = []


def on_release(let_go: Callable[[], None]) -> None:
    """Have something called before everything that was emitted is delivered; a second time nothing.

    Args:
        let_go: Emits what is held back in this process. Must not raise.
    """
    if let_go not in _releases:
        _releases.append(let_go)


def release() -> None:
    """Let everything go that is held back in this process."""
    for let_go in tuple(_releases):
        let_go()
