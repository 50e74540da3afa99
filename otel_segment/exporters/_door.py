"""What all doors have in common: how they are flushed, and how they end."""

from otel_segment._env import resolve
from otel_segment.exporters._pipeline import Pipeline
from otel_segment.settings import SettingsArguments

__all__ = ["Door"]


class Door:
    """A way into the pipeline.

    Args:
        settings: The settings as they were given.
        component: The kind of door, for its metrics.
        signal: ``log`` or ``span``, for its metrics.

    Raises:
        ConfigurationError: If a setting is missing, unknown or wrong.
    """

    leads_to_segment = True
    """What tells a door from what else hangs on a provider."""

    def __init__(self, settings: SettingsArguments, component: str, signal: str) -> None:
        self._pipeline = Pipeline(resolve(settings), component, signal)

    @property
    def is_open(self) -> bool:
        """Whether it takes anything in: until it is shut down."""
        return self._pipeline.delivery.is_open

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until all that came in by this door is settled; False where that takes longer than the timeout."""
        return self._pipeline.delivery.flush(timeout_millis / 1000)

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """Deliver what can be delivered within ``shutdown_timeout`` or the timeout, whichever is shorter, and end."""
        delivery = self._pipeline.delivery
        delivery.shutdown(min(delivery.settings.shutdown_timeout, timeout_millis / 1000))
        self._pipeline.forget()
