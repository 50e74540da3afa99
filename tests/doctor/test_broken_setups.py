"""Ten set-ups that are broken, and more of their kind: each cause is named, and each cure."""

import datetime as dt
import json
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest
import trustme
from authorization import private_key
from ports import free_port
from privileges import unprivileged
from surroundings import HTML, Doctor, Proxy, self_signed, tls_endpoint

from otel_segment.cli.doctor._findings import State
from otel_segment.cli.doctor._network import _spelling
from otel_segment.cli.doctor._way import Address
from otel_segment.inspector import Answer, LocalEndpoint

PREFIX = "OTEL_EXPORTER_SEGMENT_"
SEGMENT = "https://api.segment.io"

needs_files = pytest.mark.skipif(
    find_spec("opentelemetry.configuration") is None, reason="needs opentelemetry-configuration"
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that nobody knows."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, sound: pytest.MonkeyPatch) -> trustme.CA:
    """The authority, trusted."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    sound.setenv(f"{PREFIX}CERTIFICATE", str(tmp_path / "ca.pem"))
    return authority


@contextmanager
def segment(authority: trustme.CA, sound: pytest.MonkeyPatch) -> Iterator[LocalEndpoint]:
    """Stand for Segment in the United States, behind a proxy that alone knows the way."""
    with (
        tls_endpoint(authority.issue_cert("api.segment.io").configure_cert) as endpoint,
        Proxy({"api.segment.io": endpoint.port}) as proxy,
    ):
        sound.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        yield endpoint


@pytest.mark.parametrize(
    ("key", "cause", "cure"),
    [
        ("'0123456789abcdef0123456789abcdef'", "quotes", "remove the quotes"),
        ("0123456789abcdef 123456789abcdef", "a space", "copy the key from Segment"),
        ("YOUR_WRITE_KEY", "a placeholder", "copy the key from Segment"),
        ("sgp_0123456789abcdefghijklmnopqrstuvwxyz", "a token of Segment's Public API", "copy the write key"),
        ("eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl", "a JSON Web Token", "copy the write key"),
        ("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6", "as Basic authorization has it", "copy the write key"),
    ],
)
def test_wrong_form_of_key(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, key: str, cause: str, cure: str
) -> None:
    """A write key that cannot be one is told by its form, and not shown."""
    sound.setenv("SEGMENT_WRITE_KEY", key)
    told = doctor()
    finding = told.only()
    assert told.code == 1
    assert cause in finding.what
    assert cure in finding.cure
    assert finding.source == "SEGMENT_WRITE_KEY"
    assert told.report.cures[0] == finding.cure
    assert key == "YOUR_WRITE_KEY" or key not in told.text


@pytest.mark.parametrize(
    ("key", "like"), [("qQEHquLrjRDN9j1ByrChyn", "the id of a source"), ("my-shop", "the name of")]
)
def test_doubtful_form_of_key(
    doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch, key: str, like: str
) -> None:
    """What is often taken for the write key is pointed out, since Segment answers 200 to it."""
    sound.setenv("SEGMENT_WRITE_KEY", key)
    with segment(trusted, sound):
        told = doctor()
    finding = told.only(State.WARNING)
    assert told.code == 3
    assert like in finding.what
    assert "answers 200 to a wrong key" in finding.what
    assert "Settings > API keys" in finding.cure


def test_european_key_on_the_american_address(doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch) -> None:
    """A region that the endpoint contradicts is broken, though the answer is 200."""
    sound.setenv(f"{PREFIX}REGION", "eu")
    sound.setenv(f"{PREFIX}ENDPOINT", SEGMENT)
    with segment(trusted, sound) as endpoint:
        told = doctor()
        assert len(endpoint.received.messages) == 1
    finding = told.only()
    assert "region is eu" in finding.what
    assert "the endpoint is that of us" in finding.what
    assert "answered 200 there, and its events are dropped" in finding.what
    assert f"take away {PREFIX}ENDPOINT" in finding.cure


def test_region_that_nobody_can_know(doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch) -> None:
    """Where nothing speaks against the region it says what cannot be known, and how to see for oneself."""
    with segment(trusted, sound):
        told = doctor()
    (finding,) = told.of("Region")
    assert told.code == 0
    assert finding.state is State.UNKNOWN
    assert "Write keys do not say which region they are of" in finding.what
    assert finding.cure == f"where it is at https://eu1.app.segment.com, set {PREFIX}REGION=eu"
    assert any("https://app.segment.com" in each.what for each in told.of("Answer"))


def test_region_in_another_variable(doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch) -> None:
    """A variable of somebody else's that names the other region is a hint."""
    sound.setenv("SEGMENT_REGION", "eu1")
    with segment(trusted, sound):
        told = doctor()
    assert told.code == 3
    assert any("SEGMENT_REGION says eu" in each.what for each in told.of("Region"))


@pytest.mark.parametrize(
    ("host", "what"),
    [("app.segment.com", "web application"), ("api.segmentapis.com", "Public API"), ("cdn.segment.com", "script")],
)
def test_other_addresses_of_segment(doctor: Doctor, sound: pytest.MonkeyPatch, host: str, what: str) -> None:
    """Addresses of Segment's that take no events are known."""
    sound.setenv(f"{PREFIX}ENDPOINT", host)
    sound.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")
    (finding,) = doctor().of("Endpoint")
    assert what in finding.what
    assert SEGMENT in finding.cure


def test_no_dns(doctor: Doctor, sound: pytest.MonkeyPatch) -> None:
    """A name that is not known is told from all else, with the name that was likely meant."""
    sound.setenv(f"{PREFIX}ENDPOINT", "https://api.segment.io.invalid")
    told = doctor()
    finding = told.only()
    assert finding.what.startswith("DNS: api.segment.io.invalid: ")
    assert finding.source == f"{PREFIX}ENDPOINT"
    assert "did you mean api.segment.io?" in finding.cure
    assert [each.what for each in told.of("Answer")] == ["not tried: see above what is in the way"]


def test_no_dns_for_the_right_name() -> None:
    """Where the name is right there is nothing to correct in it."""
    cure = _spelling(Address("api.segment.io", 443, is_safe=True), None)
    assert cure.startswith("see whether this machine has a name server, or name the proxy")


def test_refused_port(doctor: Doctor, sound: pytest.MonkeyPatch) -> None:
    """A port that nobody listens on is named."""
    port = free_port()
    sound.setenv(f"{PREFIX}ENDPOINT", f"localhost:{port}")
    finding = doctor().only()
    assert finding.what == f"TCP: localhost:{port} refuses the connection: nothing listens there"
    assert finding.cure == f"start the server, or correct host and port in {PREFIX}ENDPOINT"


def _expired(authority: trustme.CA) -> trustme.LeafCert:
    yesterday = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=1)
    return authority.issue_cert("127.0.0.1", not_before=yesterday - dt.timedelta(days=9), not_after=yesterday)


@pytest.mark.parametrize(
    ("configure", "cause", "cure"),
    [
        (lambda ca: _expired(ca).configure_cert, "it has expired", "have it renewed"),
        (lambda ca: ca.issue_cert("10.1.1.1").configure_cert, "it is not for this IP address", "host's name"),
        (lambda _: trustme.CA().issue_cert("127.0.0.1").configure_cert, "authority", f"set {PREFIX}CERTIFICATE"),
        (lambda _: self_signed(trustme.CA()), "self-signed", f"set {PREFIX}CERTIFICATE"),
    ],
    ids=["expired", "other address", "unknown authority", "self-signed"],
)
def test_bad_certificate(
    doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch, configure: Callable, cause: str, cure: str
) -> None:
    """What is wrong with a certificate is told apart."""
    with tls_endpoint(configure(trusted)) as endpoint:
        sound.setenv(f"{PREFIX}ENDPOINT", f"https://127.0.0.1:{endpoint.port}")
        finding = doctor().only()
    assert finding.what.startswith("the certificate of 127.0.0.1 is refused: ")
    assert cause in finding.what
    assert cure in finding.cure


def test_certificate_of_another_host(doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch) -> None:
    """A certificate for another name is told from one that nobody trusts."""
    with tls_endpoint(trusted.issue_cert("events.example.com").configure_cert) as endpoint:
        sound.setenv(f"{PREFIX}ENDPOINT", f"https://localhost:{endpoint.port}")
        finding = doctor().only()
    assert "it is for another host name" in finding.what
    assert f"correct the host in {PREFIX}ENDPOINT" in finding.cure


def test_no_tls(doctor: Doctor, listening: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """An endpoint that speaks no TLS is told from one with a bad certificate."""
    sound.setenv(f"{PREFIX}ENDPOINT", f"https://127.0.0.1:{listening.port}")
    finding = doctor().only()
    assert "TLS" in finding.what
    assert "certificate" not in finding.what


def test_no_tls_where_it_is_wanted(doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch) -> None:
    """An endpoint that speaks TLS and is written with http is told what to write."""
    with tls_endpoint(trusted.issue_cert("127.0.0.1").configure_cert) as listening:
        sound.setenv(f"{PREFIX}ENDPOINT", f"http://127.0.0.1:{listening.port}")
        finding = doctor().only()
    assert finding.cure.startswith(f"write https:// in {PREFIX}ENDPOINT")


def test_authorities_that_are_not_there(doctor: Doctor, sound: pytest.MonkeyPatch, listening: LocalEndpoint) -> None:
    """A bundle of authorities that the environment names and that is not there is named, with its variable."""
    sound.setenv(f"{PREFIX}ENDPOINT", f"https://127.0.0.1:{listening.port}")
    sound.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    finding = doctor().only()
    assert "no certificate authorities in /nowhere/ca.pem" in finding.what
    assert "REQUESTS_CA_BUNDLE" in finding.cure


def test_proxy_that_answers_html(doctor: Doctor, sound: pytest.MonkeyPatch) -> None:
    """A page with status 200 is no success: a proxy stands in between, and its variable is named."""
    sound.setenv(f"{PREFIX}ENDPOINT", "http://events.example.com")
    with Proxy(answer=HTML) as proxy:
        sound.setenv("HTTP_PROXY", f"http://someone:sesame-open@127.0.0.1:{proxy.port}")
        told = doctor()
    finding = told.only()
    assert "answered 200 with a page for people (HTML), which is not the Tracking API" in finding.what
    assert "no_proxy" in finding.cure
    assert (f"proxy: http://***@127.0.0.1:{proxy.port}", "HTTP_PROXY") in {
        (each.what, each.source) for each in told.of("Network")
    }
    assert "sesame" not in told.text


def test_proxy_by_tls(doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch) -> None:
    """A proxy that is spoken to by TLS is no trouble."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trusted.issue_cert("localhost").configure_cert(context)
    with (
        tls_endpoint(trusted.issue_cert("api.segment.io").configure_cert) as endpoint,
        Proxy({"api.segment.io": endpoint.port}, secured=context) as proxy,
    ):
        sound.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        told = doctor()
    network = [each.what for each in told.of("Network")]
    assert "proxy: lets us through to api.segment.io:443" in network
    assert any("with api.segment.io, certificate valid until" in what for what in network)


@pytest.mark.parametrize("host", ["localhost.example.com", "127.example.com"])
def test_host_that_looks_local(doctor: Doctor, sound: pytest.MonkeyPatch, host: str) -> None:
    """A host whose name begins like this machine's is somebody else's."""
    sound.setenv(f"{PREFIX}ENDPOINT", f"http://{host}")
    assert any("is not encrypted" in each.what for each in doctor().of("Endpoint"))


def test_words_of_the_endpoint(doctor: Doctor, endpoint: LocalEndpoint) -> None:
    """What an endpoint says cannot make a terminal do anything."""
    endpoint.behave(lambda _: Answer(400, body="bad \x1b[31mred\x1b]0;title\x07"))
    told = doctor()
    assert "bad \N{REPLACEMENT CHARACTER}[31mred" in told.text
    assert "\x1b" not in told.text
    assert "\x07" not in told.text


@pytest.mark.parametrize(
    ("answer", "cause", "cure"),
    [
        (HTML, "it answers 200 with a page for people (HTML)", "no_proxy"),
        (HTML.replace(b"200 OK", b"403 Forbidden"), "it answers 403 with a page", "have api.segment.io allowed"),
        (b"HTTP/1.1 407 Who are you\r\n\r\n", "it answers 407", "http://user:password@host:port"),
        (b"220 mail.example.com ESMTP\r\n\r\n", "something that is no HTTP", "correct https_proxy"),
    ],
    ids=["page", "forbidden", "authentication", "not http"],
)
def test_proxy_that_does_not_tunnel(
    doctor: Doctor, sound: pytest.MonkeyPatch, answer: bytes, cause: str, cure: str
) -> None:
    """A proxy that lets nobody through is told by what it says."""
    with Proxy(answer=answer) as proxy:
        sound.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        finding = doctor().only()
    assert cause in finding.what
    assert cure in finding.cure
    assert finding.source == "https_proxy"


def test_missing_extra_for_oauth(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """OAuth without its packages names the extra."""
    sound.setitem(sys.modules, "jwt", None)
    sound.setenv(f"{PREFIX}OAUTH_CLIENT_ID", "client")
    sound.setenv(f"{PREFIX}OAUTH_KEY_ID", "kid")
    sound.setenv(f"{PREFIX}OAUTH_KEY_FILE", __file__)
    finding = doctor().only()
    assert "PyJWT and cryptography, which are not installed" in finding.what
    assert finding.cure == "oauth: run pip install 'otel-segment[oauth]'"


def test_missing_extra_for_yaml(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mapping in YAML without PyYAML names the extra."""
    (tmp_path / "mapping.yaml").write_text("rules: []\n")
    sound.setitem(sys.modules, "yaml", None)
    sound.setenv(f"{PREFIX}MAPPING", str(tmp_path / "mapping.yaml"))
    finding = doctor().only()
    assert "needs PyYAML" in finding.what
    assert finding.cure.endswith(": pip install 'otel-segment[yaml]'")


@needs_files
def test_missing_extra_for_the_file(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A declarative file without what reads it names the extra."""
    for name in [name for name in sys.modules if name.startswith("opentelemetry.configuration")]:
        sound.delitem(sys.modules, name)
    sound.setitem(sys.modules, "opentelemetry.configuration", None)
    sound.setenv("OTEL_CONFIG_FILE", str(tmp_path / "otel.yaml"))
    finding = doctor().only()
    assert "what reads the file is not installed" in finding.what
    assert finding.cure == "pip install 'otel-segment[yaml]'"


@pytest.mark.parametrize(
    ("variable", "names", "cause", "cure"),
    [
        ("OTEL_LOGS_EXPORTER", "segmnt", 'there is no exporter "segmnt"', "Did you mean segment?"),
        (
            "OTEL_LOGS_EXPORTER",
            "segment,none",
            '"none" cannot stand beside others',
            "take none out of OTEL_LOGS_EXPORTER",
        ),
        ("OTEL_METRICS_EXPORTER", "segment", 'no exporter "segment" for metrics', "set OTEL_METRICS_EXPORTER=none"),
        ("OTEL_TRACES_EXPORTER", "otlp", "otlp is not installed", "otel-segment run does the former"),
        ("OTEL_TRACES_EXPORTER", "", "takes otlp, which is not installed", "set OTEL_TRACES_EXPORTER=none"),
    ],
    ids=["misspelt", "none beside others", "metrics", "not installed", "not set"],
)
def test_unknown_exporter(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, variable: str, names: str, cause: str, cure: str
) -> None:
    """An exporter that is not there keeps the launcher from starting anything."""
    sound.setenv(variable, names)
    sound.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    if "otlp" in cause and entry_points(group="opentelemetry_traces_exporter", name="otlp_proto_grpc"):
        pytest.skip("the exporter is installed here")
    finding = doctor().only()
    assert cause in finding.what
    assert "opentelemetry-instrument starts nothing" in finding.what
    assert cure in finding.cure


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("mapping.json", '{"rules": [{"match": "A", "typ": "track"}]}', "typ"),
        ("mapping.json", '{"rules": [', "is not valid JSON"),
        (
            "mapping.json",
            '{"rules": [{"match": "A", "properties": {"a": {"from": "b", "fn": "os:getcwd"}}}]}',
            "exactly one of",
        ),
        ("mapping.txt", "", "has no ending that says what it is"),
        ("mapping.json", '{"rules": [{"match": "A", "properties": {"a": {"fn": "nowhere:f"}}}]}', "nowhere"),
    ],
)
def test_broken_mapping(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str, cause: str
) -> None:
    """What is wrong with the mapping is said, with its file."""
    path = tmp_path / name
    path.write_text(text)
    sound.setenv(f"{PREFIX}MAPPING", str(path))
    told = doctor()
    assert told.code == 1
    finding = told.wrong()[0]
    assert cause in finding.what
    assert finding.source == f"{PREFIX}MAPPING"
    assert finding.cure.startswith((f"correct {path}: ", f"{path}: use .yaml"))
    assert cause in finding.cure or name == "mapping.txt"


def test_mapping_that_is_not_there(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """A mapping that is not there is named."""
    sound.setenv(f"{PREFIX}MAPPING", "/nowhere/mapping.json")
    assert "/nowhere/mapping.json cannot be read" in doctor().only().what


def test_mapping_without_its_salt(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch) -> None:
    """A mapping that makes hashes wants a salt."""
    sound.setenv(f"{PREFIX}MAPPING", json.dumps({"privacy": {"hash": ["user.email"]}}))
    finding = doctor().only()
    assert "privacy_salt" in finding.what
    assert "secrets.token_hex" in finding.what


def test_file_in_the_place_of_the_spool(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file where the spool's folder should be is named."""
    (tmp_path / "spool").write_text("")
    sound.setenv(f"{PREFIX}SPOOL", str(tmp_path / "spool"))
    finding = doctor().wrong()[0]
    assert "there is a file in its place" in finding.what
    assert "give the path of a folder" in finding.cure


def test_spool_below_a_file(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder that can never be made is named, whoever asks."""
    (tmp_path / "file").write_text("")
    sound.setenv(f"{PREFIX}SPOOL", str(tmp_path / "file" / "spool"))
    finding = doctor().only()
    assert "cannot be written" in finding.what
    assert f"set {PREFIX}SPOOL" in finding.cure


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Mount a folder so that not even root can write there."""
    commands = (["mount", "--bind", folder, folder], ["mount", "-o", "remount,bind,ro", folder])
    if sys.platform != "linux":
        pytest.skip("mounts as Linux does")
    if subprocess.run(commands[0], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        if subprocess.run(commands[1], capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount a file system read-only")
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_read_only_spool(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder that cannot be written is named, with what it means and what to do."""
    folder = tmp_path / "spool"
    folder.mkdir()
    sound.setenv(f"{PREFIX}SPOOL", str(folder))
    with read_only(folder):
        finding = doctor().only()
    assert finding.what.startswith(f"the spool {folder} cannot be written: {folder}: Read-only file system")
    assert "delivered from memory alone" in finding.what
    assert f"make {folder} writable for this user, or set {PREFIX}SPOOL" in finding.cure


@pytest.mark.parametrize("name", ["", "folder/that/is/made"])
def test_spool_on_a_full_disk(
    doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """A disk without room is named before the first event finds out."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        (tmp_path / "full").write_bytes(bytes(1_020_000))
        sound.setenv(f"{PREFIX}SPOOL", str(tmp_path / name))
        finding = doctor().only()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert finding.what.startswith("the disk is nearly full (")
    assert f"on the disk of {tmp_path / name}" in finding.cure


def test_forbidden_spool(doctor: Doctor, endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of somebody else's is named."""
    tmp_path.chmod(0o500)
    doctor()  # so that all modules are loaded
    sound.setenv(f"{PREFIX}SPOOL", str(tmp_path / "spool"))
    with unprivileged():
        found = doctor().wrong(State.BROKEN)
    # The web instrumentation has its salt there, too.
    assert found
    assert all("Permission denied" in finding.what for finding in found)


@pytest.mark.parametrize(
    ("answer", "cause", "cure"),
    [
        (Answer(401, body="who is it?"), "answered 401: who is it?", "correct the write key"),
        (Answer(403), "answered 403", "firewall"),
        (Answer(404), "there is no Tracking API at that path", f"correct {PREFIX}ENDPOINT"),
        (Answer(400, body="what?"), "it refuses the test event", f"correct {PREFIX}ENDPOINT"),
        (Answer(302, {"Location": "http://sign-in.example/"}), "a redirect to http://sign-in", "have the host allowed"),
        (Answer(301, {"Location": "https://elsewhere.example/"}), "a redirect to https://elsewhere.example/", "set"),
        (Answer(200, body='{"success": false, "message": "no"}'), "without success", "what the answer says"),
        (Answer(503, {"Content-Type": "text/html"}, "<html>"), "answered 503 with a page", "no_proxy"),
    ],
    ids=["401", "403", "404", "400", "portal", "redirect", "no success", "page"],
)
def test_bad_answers(doctor: Doctor, endpoint: LocalEndpoint, answer: Answer, cause: str, cure: str) -> None:
    """What an answer means is said, with what to do."""
    endpoint.behave(lambda _: answer)
    finding = doctor().only()
    assert cause in finding.what
    assert cure in finding.cure


@pytest.mark.parametrize(
    ("status", "cure", "options"),
    [(400, "try without --no-send", ["--no-send"]), (429, "wait and try again", []), (500, "wait and try again", [])],
)
def test_passing_trouble(doctor: Doctor, endpoint: LocalEndpoint, status: int, cure: str, options: list[str]) -> None:
    """What may be otherwise the next time is doubtful, not broken."""
    endpoint.behave(lambda _: Answer(status))
    told = doctor(*options)
    assert told.code == 3
    assert f"answered {status}" in told.only(State.WARNING).what
    assert cure in told.only(State.WARNING).cure


@pytest.mark.parametrize(("status", "cause"), [(407, "answered 407"), (418, "answered 418")])
def test_strange_answers(doctor: Doctor, endpoint: LocalEndpoint, status: int, cause: str) -> None:
    """Whatever else is answered is no success."""
    endpoint.behave(lambda _: Answer(status))
    assert cause in doctor().only().what


def test_answer_in_the_place_of_segment(doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch) -> None:
    """A 200 of Segment's address that does not read as Segment's is pointed out."""
    with segment(trusted, sound) as endpoint:
        endpoint.behave(lambda _: Answer(200, body="OK"))
        told = doctor()
    assert told.code == 3
    assert "not as Segment does" in told.only(State.WARNING).what


@pytest.fixture
def oauth(endpoint: LocalEndpoint, sound: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """OAuth credentials, but for an authorization server."""
    (tmp_path / "key.pem").write_text(private_key())
    sound.setenv(f"{PREFIX}OAUTH_CLIENT_ID", "client")
    sound.setenv(f"{PREFIX}OAUTH_KEY_ID", "kid")
    sound.setenv(f"{PREFIX}OAUTH_KEY_FILE", str(tmp_path / "key.pem"))
    return sound


def test_authorization_server_that_is_not_there(doctor: Doctor, oauth: pytest.MonkeyPatch) -> None:
    """Where there is no access token to be had, the authorization server is what is named."""
    server = f"http://127.0.0.1:{free_port()}"
    oauth.setenv(f"{PREFIX}OAUTH_AUTH_SERVER", server)
    finding = doctor().only()
    assert f"no access token from {server}" in finding.what
    assert "auth_server" in finding.cure


def test_refused_credentials(doctor: Doctor, oauth: pytest.MonkeyPatch) -> None:
    """Credentials that the authorization server refuses are told from a write key that the endpoint does."""
    refusal = b'HTTP/1.1 401 No\r\nContent-Length: 26\r\n\r\n{"error":"invalid_client"}'
    with Proxy(answer=refusal) as server:
        oauth.setenv(f"{PREFIX}OAUTH_AUTH_SERVER", f"http://127.0.0.1:{server.port}")
        finding = doctor().only()
    assert "invalid_client" in finding.what
    assert "correct the OAuth credentials" in finding.cure


def test_401_of_segment(doctor: Doctor, trusted: trustme.CA, sound: pytest.MonkeyPatch) -> None:
    """Segment answers 401 where a source wants OAuth, and not for a wrong key."""
    with segment(trusted, sound) as endpoint:
        endpoint.behave(lambda _: Answer(401))
        finding = doctor().only()
    assert "where a source demands OAuth" in finding.cure
    assert "pip install 'otel-segment[oauth]'" in finding.cure
