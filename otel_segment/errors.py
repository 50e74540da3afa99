"""What this library raises.

OtelSegmentError
└── ConfigurationError (also a ValueError)

Nothing is raised into an application after start-up; bad events are counted and reported instead.
"""

__all__ = ["ConfigurationError", "OtelSegmentError"]


class OtelSegmentError(Exception):
    """The base of all errors of this library."""


class ConfigurationError(OtelSegmentError, ValueError):
    """A setting is missing, unknown or wrong.

    The message names the setting, where its value came from, what is wrong with it and what to write instead.
    It is raised at start-up, by constructors and by ``configure()``, and never later.
    """
