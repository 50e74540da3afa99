"""How long to wait before the next attempt, where the endpoint does not say."""

__all__ = ["FIRST_DELAY", "MAX_DELAY", "backoff"]

FIRST_DELAY = 0.5
"""Seconds that the first wait may take at most."""
MAX_DELAY = 60.0
"""Seconds that any wait may take at most."""

# Two to the power of this is past the longest delay; more would be a needlessly large number after a long outage.
_MAX_EXPONENT = 7


def backoff(failures: int, chance: float) -> float:
    """Return the seconds to wait: exponential, with full jitter.

    Full jitter keeps many processes that failed together from coming back together.

    Args:
        failures: How many attempts have failed, 1 or more.
        chance: A random number from 0 to 1.
    """
    return chance * min(MAX_DELAY, FIRST_DELAY * 2.0 ** min(failures - 1, _MAX_EXPONENT))
