"""How requests are answered, whichever server does it."""

import json
import struct
import sys
from typing import Final

__all__ = ["RESET_ON_CLOSE", "SUCCESS", "failure"]

SUCCESS: Final = b'{"success":true}'
"""The body of an answer to what was taken in."""

RESET_ON_CLOSE: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""The value of ``SO_LINGER`` with which closing a connection resets it."""


def failure(message: str) -> bytes:
    """Return the body of an answer that is no success."""
    return json.dumps({"success": False, "message": message}).encode()
