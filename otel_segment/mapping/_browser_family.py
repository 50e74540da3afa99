"""The name of a browser, or of a program, out of its user agent."""

import re
from functools import lru_cache

__all__ = ["browser_family"]

_LONGEST_AGENT = 2_048
_LONGEST_NAME = 64

# Programs that say of themselves what they are come first, then browsers that name those that they are made from.
_BOT = re.compile(r"(?<![\w.-])[\w.-]*(?:(?<!cu)bot|crawler|spider|slurp)(?![a-z])[\w.-]*", re.IGNORECASE)
_BROWSERS = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"\b(?:OPR|OPT|OPiOS|Opera)\b")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Vivaldi", re.compile(r"\bVivaldi/")),
    ("Yandex", re.compile(r"\bYaBrowser/")),
    ("UC Browser", re.compile(r"\bUC ?Browser/")),
    ("DuckDuckGo", re.compile(r"\b(?:DuckDuckGo|Ddg)/")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS|Chromium|HeadlessChrome)/")),
    ("Safari", re.compile(r"\bSafari/|\bAppleWebKit/.*\bMobile/")),
    ("Internet Explorer", re.compile(r"\bMSIE |\bTrident/")),
)
_NAMES = frozenset(name for name, _ in _BROWSERS)
_PRODUCT = re.compile(r"[^\s/(;,]+")


@lru_cache(maxsize=1024)
def browser_family(agent: str) -> str | None:
    """Return the name of a browser, a robot's own, else that of the first product; None where there is none."""
    agent = agent[:_LONGEST_AGENT].strip()
    if agent in _NAMES:
        return agent
    found = _BOT.search(agent)
    if found is None:
        name = next((name for name, pattern in _BROWSERS if pattern.search(agent)), None)
        if name is not None:
            return name
        found = _PRODUCT.match(agent)
    return found[0][:_LONGEST_NAME] if found else None
