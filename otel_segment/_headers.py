"""The extra headers of each request, as a setting."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from urllib.parse import unquote

__all__ = ["parse_headers", "show_headers"]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~]*")
_OURS = {
    "authorization": "the write key goes into write_key, and auth says where it is sent",
    "content-type": "it is always application/json",
    "content-encoding": "compression sets it",
    "content-length": "it follows from the body",
    "host": "endpoint sets it",
}


def parse_headers(value: object) -> Mapping[str, str]:
    """Parse extra headers: a map, or ``name=value,name=value`` with percent-encoded values."""
    if isinstance(value, str):
        pairs = _split(value)
    elif isinstance(value, Mapping):
        pairs = iter(value.items())
    else:
        message = "not a map; write a map of names to values, or name=value,name=value"
        raise ValueError(message)  # noqa: TRY004  # every parser fails with ValueError
    headers: dict[str, str] = {}
    for number, (name, content) in enumerate(pairs, 1):
        key, text = _checked(number, name, content)
        if key.lower() in {known.lower() for known in headers}:
            message = f"it has the header {key} twice; give one of them"
            raise ValueError(message)
        headers[key] = text
    return MappingProxyType(headers)


def _split(text: str) -> Iterator[tuple[str, str]]:
    for item in text.split(","):
        name, separator, content = item.partition("=")
        if separator:
            yield name, unquote(content.strip())
        elif item.strip():
            message = "a part of it has no = sign; write name=value,name=value, with %2C for a comma within a value"
            raise ValueError(message)


def _checked(number: int, name: object, content: object) -> tuple[str, str]:
    """Check one header; a wrong name is not quoted, for it may be a secret that was split badly."""
    name = name.strip() if isinstance(name, str) else ""
    if not _NAME.fullmatch(name):
        message = f"the name of header {number} is not a header name; use letters, digits and hyphens alone"
        raise ValueError(message)
    if instead := _OURS.get(name.lower()):
        message = f"the header {name} is not yours to set: {instead}; leave {name} out"
        raise ValueError(message)
    text = str(content) if isinstance(content, int) and not isinstance(content, bool) else content
    if not isinstance(text, str):
        message = f"the value of header {name} is not a text; put quotes around it"
        raise ValueError(message)  # noqa: TRY004  # every parser fails with ValueError
    if not _VALUE.fullmatch(text):
        message = f"the value of header {name} has a line break or a character beyond ASCII; remove or encode it"
        raise ValueError(message)
    return name, text.strip()


def show_headers(value: object) -> str:
    """Say that there are headers, and nothing of them."""
    return f"a value of type {type(value).__name__}, not shown"
