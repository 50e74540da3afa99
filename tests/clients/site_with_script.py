"""A site of another origin, whose pages have analytics.js in them."""

import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import Self

__all__ = ["SNIPPET", "Site"]

HERE = Path(__file__).parent
BUILD = Path("node_modules/@segment/analytics-next/dist/umd")
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript"}

PAGE = """<!doctype html>
<html lang="en">
<title>Shop</title>
<link rel="icon" href="data:,">
{head}
<script type="module">
import {{ send }} from '/browser_calls.mjs'
{code}
window.done = true
</script>
"""

SNIPPET = """<script>
window.analytics = []
for (const name of ['ready', 'identify', 'track', 'page', 'screen', 'group', 'alias']) {
  analytics[name] = (...args) => analytics.push([name, ...args])
}
analytics.load = (key, options) => {
  analytics._writeKey = key
  analytics._loadOptions = options
  const script = document.createElement('script')
  script.src = `https://cdn.segment.com/analytics.js/v1/${key}/analytics.min.js`
  document.head.append(script)
}
</script>"""
"""What Segment has people put into their pages, as far as loading goes."""


class Site:
    """Serves one page, and the build of analytics.js that is made for browsers.

    Args:
        packages: The folder with ``node_modules``.
    """

    def __init__(self, packages: Path) -> None:
        self.build = packages / BUILD
        self._page = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def show(self, head: str, code: str) -> None:
        """Have a page with this in its head, and a module with this code."""
        self._page = PAGE.format(head=head, code=code)

    def find(self, path: str) -> tuple[str, bytes] | None:
        """Return what is at a path, and its type."""
        if path == "/":
            return TYPES[".html"], self._page.encode()
        for folder in (HERE, self.build):
            file = folder / Path(path).name
            if file.suffix in TYPES and file.is_file():
                return TYPES[file.suffix], file.read_bytes()
        return None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, site: Site, *connection: Any) -> None:
        self._site = site
        super().__init__(*connection)

    def do_GET(self) -> None:
        found = self._site.find(self.path)
        kind, body = found or ("text/plain", b"")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
