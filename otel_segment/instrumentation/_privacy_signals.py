"""What a browser says for its user: that nobody is to follow them."""

from otel_segment.instrumentation._request import Request

__all__ = ["objects"]


def objects(request: Request, dnt: bool, gpc: bool) -> bool:
    """Tell whether the browser objects to this person being followed.

    Args:
        request: The request.
        dnt: Whether ``DNT: 1`` counts, as of the W3C's Tracking Preference Expression.
        gpc: Whether ``Sec-GPC: 1`` counts, as of the W3C's Global Privacy Control.

    Returns:
        True where a header that counts says so; one that says anything but 1 is as good as none.
    """
    return (gpc and _is_one(request.header("sec-gpc"))) or (dnt and _is_one(request.header("dnt")))


def _is_one(value: str) -> bool:
    # The usual cases first: not sent, or the one character.
    if not value or value == "1":
        return value == "1"
    return value.partition(",")[0].strip() == "1"
