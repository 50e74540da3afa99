"""A WSGI application that sets up and emits when it is imported, and emits with each request, ``EACH`` times."""

import itertools
import os
from collections.abc import Callable, Iterable

from emitting import emit, set_up

set_up()
emit("import", 5)
EACH = int(os.environ.get("EACH", "1"))
_numbers = itertools.count()


def application(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Emit and answer with where it comes from."""
    number = next(_numbers)
    emit(str(os.getpid()), EACH, number * EACH)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {number}".encode()]
