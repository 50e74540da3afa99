"""What must never be printed, in whatever form it comes back."""

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote

from otel_segment.settings import Settings, masked

__all__ = ["Secrets"]

_SHORTEST = 6
"""A shorter one would be found in innocent words; no finding is made of one."""
_NAMED = re.compile(r"KEY|SECRET|TOKEN|SALT|PASSW|CREDENTIAL|HEADERS|AUTHORIZATION", re.IGNORECASE)
_OURS = re.compile(r"SEGMENT|OTEL", re.IGNORECASE)
_NOT_SECRET = re.compile(r"_(?:KEY_ID|KEY_FILE)$")
_PROXY = re.compile(r"_proxy$", re.IGNORECASE)


class Secrets:
    """Knows the secrets of a configuration, and takes them out of texts.

    Args:
        environ: The environment variables.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._masks: dict[str, str] = {}
        for name, value in environ.items():
            if _PROXY.search(name):
                self.add(*_passwords(value))
            elif _OURS.search(name) and _NAMED.search(name) and not _NOT_SECRET.search(name):
                self.add(value, *_parts(value))

    def add(self, *secrets: object) -> None:
        """Learn secrets."""
        for given in secrets:
            secret = given.strip() if isinstance(given, str) else ""
            if len(secret) >= _SHORTEST:
                shown = masked(secret)
                self._masks |= dict.fromkeys(_forms(secret), "***" if shown == secret else shown)

    def add_arguments(self, arguments: Mapping[str, object]) -> None:
        """Learn the secrets among settings that a file gives."""
        self.add(arguments.get("write_key"), arguments.get("privacy_salt"))
        for name in ("headers", "oauth"):
            given = arguments.get(name)
            if isinstance(given, Mapping):
                self.add(*(given.values() if name == "headers" else [given.get("key")]))
            elif isinstance(given, str):
                self.add(given, *_parts(given))

    def add_settings(self, settings: Settings) -> None:
        """Learn the secrets of checked settings."""
        self.add(settings.write_key, settings.privacy_salt, *settings.headers.values())
        if settings.oauth is not None:
            self.add(settings.oauth.key)

    def clean(self, text: str) -> str:
        """Return a text without them."""
        for secret in sorted(self._masks, key=len, reverse=True):
            if secret in text:
                text = text.replace(secret, self._masks[secret])
        return text


def _forms(secret: str) -> Iterator[str]:
    """Yield what a secret may look like in an error or in an answer."""
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield quote(os.fsencode(secret), safe="")
    for text in (secret, f"{secret}:"):
        yield b64encode(os.fsencode(text)).decode().rstrip("=")


def _parts(value: str) -> Iterator[str]:
    """Yield the values in ``name=value,name=value``, as they stand there and decoded."""
    for item in value.split(","):
        content = item.partition("=")[2].strip()
        yield content
        yield unquote(content)


def _passwords(url: str) -> Iterator[str]:
    """Yield user and password of a proxy, as they stand there and decoded."""
    user, at, _ = url.partition("//")[2].rpartition("@") if "//" in url else url.rpartition("@")
    if at:
        password = user.partition(":")[2]
        yield from (password, unquote(password), user, unquote(user))
