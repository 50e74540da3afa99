"""Whether an answered request is a page that a person views."""

from otel_segment.instrumentation._request import Request

__all__ = ["refusal"]

_HTML = frozenset(("text/html", "application/xhtml+xml"))
_OK = 200
_REDIRECTION = 300
# No content, nothing but the order to clear a form, a part of something.
_NO_PAGES = frozenset((204, 205, 206))

# What browsers say, and scripts, where nobody looks at it yet; a script's own word is none of a document.
_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_ALL_PURPOSES = (*_PURPOSES, "x-sec-purpose")
_NOT_SEEN = ("prefetch", "prerender", "preview")

_DOCUMENT = "document"
_EMBEDDED = frozenset(("embed", "fencedframe", "frame", "iframe", "object"))
# What htmx, Turbo, PJAX and Unpoly send with a request for a part of a page.
_FRAGMENT_HEADERS = ("hx-request", "turbo-frame", "x-pjax", "x-up-target")


def refusal(request: Request, status: int, content_type: str, disposition: str = "") -> str | None:
    """Return why an answered request is no page view.

    Args:
        request: The request.
        status: The status of the answer.
        content_type: Its ``Content-Type``.
        disposition: Its ``Content-Disposition``.

    Returns:
        None where it is a page view, else one word for the first reason:

        - ``method``: not ``GET``;
        - ``status``: not 2xx, or one without a whole page (204, 205, 206);
        - ``not_html``: neither HTML nor XHTML;
        - ``download``: to be kept as a file;
        - ``prefetch``: fetched ahead, or for a preview;
        - ``embedded``: for a frame inside of another page;
        - ``fragment``: fetched by a script.
    """
    if request.method != "GET":
        return "method"
    if not _OK <= status < _REDIRECTION or status in _NO_PAGES:
        return "status"
    if content_type.partition(";")[0].strip().lower() not in _HTML:
        return "not_html"
    if disposition and disposition.partition(";")[0].strip().lower() == "attachment":
        return "download"
    destination = request.header("sec-fetch-dest")
    for name in _PURPOSES if destination == _DOCUMENT else _ALL_PURPOSES:
        if (purpose := request.header(name)) and purpose.lstrip().lower().startswith(_NOT_SEEN):
            return "prefetch"
    if destination == _DOCUMENT:
        return None
    if destination := destination.strip():
        return "embedded" if destination.lower() in _EMBEDDED else "fragment"
    return _told_by_script(request)


def _told_by_script(request: Request) -> str | None:
    """Go by what scripts say of themselves: a browser is silent about it where the connection is not secure."""
    # A web view inside of an Android application sends the application's name in this header.
    if request.header("x-requested-with").strip().lower() == "xmlhttprequest":
        return "fragment"
    return "fragment" if any(map(request.header, _FRAGMENT_HEADERS)) else None
