"""What a middleware needs where pages are completed by what browsers report of them."""

import time

from otel_segment.emit import new_uid
from otel_segment.instrumentation._held_pages import HeldPages
from otel_segment.instrumentation._page_ids import PageIds
from otel_segment.instrumentation._report_files import ReportFiles
from otel_segment.instrumentation._report_limit import ReportLimit
from otel_segment.instrumentation._salts import Salts

__all__ = ["BrowserPart"]


class BrowserPart:
    """The pages that wait for their browsers, and what is told of them.

    Args:
        path: Where browsers report to; the script is under the same path with ``.js``.
        wait: Seconds for which a page is held.
        salts: The secret that proves pages.
        folder: Where processes leave reports to one another.

    Attributes:
        path: As above.
        paths: Both paths.
        wait: As above.
        ids: Names pages.
        files: The reports for other processes.
        pages: The pages of this process.
        limit: Counts reports.
    """

    def __init__(self, path: str, wait: float, salts: Salts, folder: str | None) -> None:
        self.path = path
        self.paths = frozenset((path, f"{path}.js"))
        self.wait = wait
        self.ids = PageIds(salts)
        self.files = ReportFiles(folder)
        self.pages = HeldPages(wait, self.files)
        self.limit = ReportLimit()

    def name(self) -> tuple[str, tuple[str, str]]:
        """Return the id of a new page, and the header that names it to its browser."""
        uid = new_uid()
        return uid, ("Server-Timing", f'page;desc="{self.ids.name(uid, time.time())}"')
