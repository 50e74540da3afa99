"""What all doors have in common: how they are flushed, and how they end."""

from dataclasses import replace

from otel_segment._env import resolve
from otel_segment.exporters._pipeline import Pipeline
from otel_segment.exporters._watch import Watch, current_watch, known
from otel_segment.settings import Settings, SettingsArguments

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
        self._kind = (component, signal)
        watch = current_watch()
        # One that is made while somebody watches may have no write key: it never sends anything, then or later.
        self._never_sends = watch is not None
        self._settings = resolve({**settings, "disabled": True} if self._never_sends else settings)
        used = self._settings if watch is None else _watched(self._settings, watch.settings)
        self._own = Pipeline(used, component, signal, watch)
        self._use(self._own)
        known(self)

    @property
    def is_open(self) -> bool:
        """Whether it takes anything in: until it is shut down."""
        return self._pipeline.delivery.is_open

    def prepared_for(self, watch: Watch) -> Pipeline:
        """Return a pipeline that shows a watch what this door would send.

        Raises:
            ConfigurationError: If one of the watch's settings is wrong.
        """
        return Pipeline(_watched(self._settings, watch.settings), *self._kind, watch)

    def show(self, pipeline: Pipeline | None) -> None:
        """Have everything go through another pipeline; None for the door's own."""
        if self._pipeline is not self._own:
            self._pipeline.end()
        self._use(pipeline or self._own)
        if self._never_sends:
            self._own.end()

    def end(self) -> None:
        """Be counted no more; for a door that was never to send anything."""
        self._own.end()
        self._pipeline.end()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until all that came in by this door is settled; False where that takes longer than the timeout."""
        return self._pipeline.delivery.flush(timeout_millis / 1000)

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """Deliver what can be delivered within ``shutdown_timeout`` or the timeout, whichever is shorter, and end."""
        delivery = self._pipeline.delivery
        delivery.shutdown(min(delivery.settings.shutdown_timeout, timeout_millis / 1000))
        self._pipeline.forget()

    def _use(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline


def _watched(settings: Settings, others: SettingsArguments) -> Settings:
    """Return settings with others in their place, and with which nothing is sent."""
    read = resolve({**others, "disabled": True})
    return replace(settings, disabled=True, **{name: getattr(read, name) for name in others})
