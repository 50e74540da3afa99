"""The setting ``oauth``: where its parts come from, and what is wrong with what cannot be used."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from authorization import private_key, public_key
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from otel_segment._env import resolve
from otel_segment.errors import ConfigurationError
from otel_segment.settings import OAuth

PREFIX = "OTEL_EXPORTER_SEGMENT_OAUTH_"
KEY = private_key()
SECRET = KEY.splitlines()[1]
GIVEN = {"client_id": "client", "key_id": "kid", "key": KEY}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A file with the private key."""
    path = tmp_path / "key.pem"
    path.write_text(KEY)
    return path


def read(oauth: object = None, environ: Mapping[str, str] | None = None, **others: Any) -> OAuth | None:
    """Resolve settings and return this one."""
    given = {PREFIX + name: text for name, text in (environ or {}).items()}
    return resolve({"write_key": "wk-0123456789abcdef", "oauth": oauth, **others}, given).oauth


def complaint(oauth: object = None, environ: Mapping[str, str] | None = None, **others: Any) -> str:
    """Return the message of the error that these settings raise."""
    with pytest.raises(ConfigurationError) as caught:
        read(oauth, environ, **others)
    assert "oauth: cannot use " in str(caught.value)
    assert caught.value.__context__ is None
    return str(caught.value)


def locked(text: str) -> str:
    """Lock a key with a password."""
    key = load_pem_private_key(text.encode(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")).decode()


def pem(key: Any) -> str:
    """Write a key as PEM text."""
    written: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return written.decode()


def test_argument() -> None:
    """Credentials can be given in one map; what is left out of it has its default."""
    assert read(GIVEN) == OAuth(
        client_id="client",
        key_id="kid",
        key=KEY,
        auth_server="https://oauth2.segment.io",
        scope="tracking_api:write",
    )


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, "https://oauth2.segment.io"),
        ({"region": "eu"}, "https://oauth2.eu1.segmentapis.com"),
        ({"endpoint": "events.eu1.segmentapis.com"}, "https://oauth2.eu1.segmentapis.com"),
        ({"endpoint": "https://proxy.example.com", "region": "eu"}, "https://oauth2.eu1.segmentapis.com"),
    ],
)
def test_server_of_the_region(others: dict[str, str], expected: str) -> None:
    """The authorization server is the one of the region that events go to."""
    oauth = read(GIVEN, **others)
    assert oauth is not None
    assert oauth.auth_server == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://auth.example.com/", "https://auth.example.com"),
        ("auth.example.com/tenant/", "https://auth.example.com/tenant"),
        ("https://auth.example.com/token", "https://auth.example.com"),
        ("localhost:8080", "http://localhost:8080"),
    ],
)
def test_spellings_of_the_server(given: str, expected: str) -> None:
    """The authorization server may be spelled as the endpoint may."""
    oauth = read({**GIVEN, "auth_server": given})
    assert oauth is not None
    assert oauth.auth_server == expected


def test_environment(key_file: Path) -> None:
    """Every part that a deployment differs in has its variable."""
    environ = {"CLIENT_ID": " c ", "KEY_ID": "k", "KEY_FILE": str(key_file), "AUTH_SERVER": "auth.example.com"}
    assert read(None, environ) == OAuth(
        client_id="c", key_id="k", key=KEY, auth_server="https://auth.example.com", scope="tracking_api:write"
    )


def test_environment_completes_the_argument(key_file: Path) -> None:
    """The environment gives the parts that the argument does not, and no others."""
    environ = {"CLIENT_ID": "other", "KEY_ID": "k", "KEY_FILE": str(key_file)}
    oauth = read({"client_id": "c", "key_id": None, "key_file": "", "scope": "a b"}, environ)
    assert oauth is not None
    assert (oauth.client_id, oauth.key_id, oauth.key, oauth.scope) == ("c", "k", KEY, "a b")
    assert read(GIVEN, {"KEY_FILE": "/nowhere", "KEY_ID": "other"}) == read(GIVEN)


def test_not_given() -> None:
    """Without any part there is no OAuth."""
    assert read(None, dict.fromkeys(("CLIENT_ID", "KEY_ID", "KEY_FILE", "AUTH_SERVER"), " ")) is None


@pytest.mark.parametrize("text", [KEY.replace("\n", "\\n"), f"\n{KEY}\n", KEY.replace("\n", "\r\n")])
def test_spellings_of_the_key(text: str) -> None:
    """A key that came through an environment file or a form is the key all the same."""
    oauth = read({**GIVEN, "key": text})
    assert oauth is not None
    assert oauth.key.count(SECRET) == 1


@pytest.mark.parametrize(
    ("oauth", "environ", "lacking", "there"),
    [
        ({}, {}, ["client_id", "key_id", "key or key_file"], []),
        ({"client_id": "c"}, {}, ["key_id", "key or key_file"], ["client_id"]),
        ({"key": KEY}, {"KEY_ID": "k"}, ["client_id"], ["key_id", "key or"]),
        (None, {"KEY_ID": "k", "CLIENT_ID": "c"}, ["key or key_file"], ["client_id", "key_id"]),
        (None, {"AUTH_SERVER": "auth.example.com"}, ["client_id", "key_id", "key or key_file"], []),
    ],
)
def test_parts_that_are_missing(oauth: object, environ: dict[str, str], lacking: list[str], there: list[str]) -> None:
    """Part of it is as good as a mistake: all that is missing is named, with its variable."""
    problem = complaint(oauth, environ).partition("without ")[2]
    assert [name for name in lacking if f"{name} ({PREFIX}" not in problem] == []
    assert [name for name in there if f"{name} (" in problem] == []


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"client_id": 7}, "client_id is not an id"),
        ({"key_id": "two words"}, "key_id is not an id"),
        ({"key_id": "  "}, "key_id is not an id"),
        ({"scope": ["a"]}, "scope is not a text"),
        ({"auth_server": "ftp://auth.example.com"}, "auth_server cannot be used; write the base URL"),
        ({"auth_server": 7}, "auth_server cannot be used"),
        ({"clientId": "c"}, "none of client_id, key_id"),
        ({"key_file": "key.pem"}, "both key and key_file"),
        ({"key": 7}, "key is no RSA private key"),
        ({"key": "s3cret"}, "key is no RSA private key"),
        ({"key": public_key(KEY)}, "key is no RSA private key"),
        ({"key": pem(ec.generate_private_key(ec.SECP256R1()))}, "key is no RSA private key"),
        ({"key": pem(rsa.generate_private_key(65_537, 1_024))}, "shorter than 2048 bits"),
        ({"key": locked(KEY)}, "locked with a password"),
    ],
)
def test_wrong_parts(parts: dict[str, object], said: str) -> None:
    """What cannot be used is named, with the cure, and not shown."""
    message = complaint({**GIVEN, **parts})
    assert 'argument "oauth"' in message
    assert said in message
    assert "s3cret" not in message
    assert SECRET not in message


def test_wrong_key_files(tmp_path: Path) -> None:
    """A file that cannot be read, and one that is no key, fail at start-up; the message names its variable."""
    (tmp_path / "key.pem").write_bytes(b"\xff\x00")
    environ = {"CLIENT_ID": "c", "KEY_ID": "k"}
    assert "key_file is no RSA private key" in complaint(None, {**environ, "KEY_FILE": str(tmp_path / "key.pem")})
    assert "key_file cannot be read (Is a directory)" in complaint(None, {**environ, "KEY_FILE": str(tmp_path)})
    message = complaint(None, {**environ, "KEY_FILE": str(tmp_path / "no")})
    assert "key_file cannot be read (No such file or directory)" in message
    assert f"environment variable {PREFIX}KEY_FILE" in message
    without = {"client_id": "c", "key_id": "k"}
    assert "key_file is not a path" in complaint({**without, "key_file": 7})
    assert "key_file cannot be read (not a path)" in complaint({**without, "key_file": "a\0b"})


@pytest.mark.parametrize("package", ["jwt", "cryptography.hazmat.primitives.asymmetric.rsa"])
def test_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Without the packages that sign, the message has the command that installs them."""
    monkeypatch.setitem(sys.modules, package, None)
    assert "pip install 'otel-segment[oauth]'" in complaint(GIVEN)


def test_disabled() -> None:
    """Where nothing is sent, wrong credentials do no harm, and right ones are there."""
    assert read({"client_id": "c"}, disabled=True) is None
    assert read(GIVEN, disabled=True) == read(GIVEN)


def test_repr() -> None:
    """The printed settings have everything but the key."""
    settings = resolve({"write_key": "wk-0123456789abcdef", "oauth": GIVEN}, {})
    for text in (repr(settings), repr(settings.oauth), str(settings.oauth)):
        assert "OAuth(client_id='client', key_id='kid', key='***', auth_server='https://oauth2.segment.io'" in text
        assert SECRET not in text


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, False), ({"auth": "header"}, False), ({"auth": "body"}, True), ({"oauth": GIVEN}, True)],
)
def test_place_of_the_write_key(settings: dict[str, Any], expected: bool) -> None:
    """The write key stands in the body where it is wanted there, and where a token takes its place in the header."""
    assert resolve({"write_key": "wk-0123456789abcdef", **settings}, {}).key_in_body is expected
