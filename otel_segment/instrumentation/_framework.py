"""What a web framework knows of a request that its server does not."""

from typing import Any, Protocol

__all__ = ["BARE", "Framework"]


class Framework(Protocol):
    """Asked while the request is served, and never made to do what the application did not do."""

    def request(self, native: Any) -> Any:
        """Return what callbacks are given as the request; None as long as the application has none."""
        ...

    def made(self, native: Any) -> Any:
        """Return what callbacks are given where the application has none, or none yet."""
        ...

    def user_id(self, native: Any) -> object:
        """Return the id of who is signed in, as far as the application has found it out; else None.

        Args:
            native: The request as the framework has it.
        """
        ...

    def route(self, native: Any) -> str | None:
        """Return the template of the route that was taken, with the mount point; None where there is none."""
        ...


class _Bare:
    """No framework at all."""

    def request(self, native: Any) -> Any:
        return native

    def made(self, native: Any) -> Any:
        return native

    def user_id(self, native: Any) -> object:  # noqa: ARG002
        return None

    def route(self, native: Any) -> str | None:  # noqa: ARG002
        return None


BARE: Framework = _Bare()
