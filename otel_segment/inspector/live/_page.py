"""The page: one file, served as it is, and the policy that keeps everything else out of it."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

__all__ = ["Page"]

_FILE: Final = Path(__file__).with_name("page.html")
_BLOCK: Final = re.compile(rb"<(?P<kind>style|script)[^>]*>(?P<text>.*?)</(?P=kind)>", re.DOTALL)


class Page:
    """The page's bytes and the headers to send with them."""

    def __init__(self, file: Path = _FILE) -> None:
        """Read the page.

        Args:
            file: The HTML, with its style and script inside.
        """
        self.html = file.read_bytes()
        self.headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": _policy(self.html),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        }


def _policy(html: bytes) -> str:
    hashes: dict[str, list[str]] = {"style": [], "script": []}
    for block in _BLOCK.finditer(html):
        digest = base64.b64encode(hashlib.sha256(block["text"]).digest()).decode()
        hashes[block["kind"].decode()].append(f"'sha256-{digest}'")
    return "; ".join(
        [
            "default-src 'none'",
            *(f"{kind}-src {' '.join(found) or repr('none')}" for kind, found in sorted(hashes.items())),
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
