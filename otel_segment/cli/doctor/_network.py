"""From here to the endpoint: what can be reached, and where it ends."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from difflib import get_close_matches

import requests

from otel_segment._endpoint import REGIONS
from otel_segment.cli.doctor import _tls
from otel_segment.cli.doctor._deadline import Deadline
from otel_segment.cli.doctor._findings import Finding, broken, fine, unknown
from otel_segment.cli.doctor._proxy import Proxy, proxy_for, why_direct
from otel_segment.cli.doctor._setups import Setup
from otel_segment.cli.doctor._way import (
    Address,
    ProxyRefusedError,
    Secured,
    addresses_of,
    connect,
    secure,
    secure_through,
    tunnel,
)
from otel_segment.settings import Settings

__all__ = ["Network"]

_ENDPOINT = "OTEL_EXPORTER_SEGMENT_ENDPOINT"
_AUTHENTICATE = 407


class Network:
    """Goes the way to the endpoint, step by step.

    Args:
        setup: The settings.
        deadline: When it has to be done.
    """

    def __init__(self, setup: Setup, deadline: Deadline) -> None:
        self._setup = setup
        self._deadline = deadline
        self.is_open = False
        """Whether nothing stood in the way."""

    def check(self) -> Iterator[Finding]:
        """Say what was found, up to what does not let us through."""
        settings = self._setup.settings
        if settings is None:
            yield unknown("not tried while settings are wrong")
        elif settings.disabled:
            yield unknown("not tried: disabled, so nothing is ever sent", self._setup.source("disabled"))
        elif not self._deadline.left:
            yield unknown("not tried: no time was left", cure="give more with --timeout")
        else:
            yield from self._steps(settings)

    def _steps(self, settings: Settings) -> Iterator[Finding]:
        target = Address.of(settings.url)
        try:
            proxy = proxy_for(settings.url)
        except ValueError:
            yield broken("the proxy in the environment is no address", "correct https_proxy or http_proxy")
            return
        yield _said(proxy, settings)
        first = target if proxy is None else Address(proxy.host, proxy.port, proxy.scheme == "https")
        found: list[str] = []
        yield from self._look_up(first, proxy, found)
        if not found:
            return
        with ExitStack() as stack:
            connections: list[socket.socket] = []
            yield from self._connect(first, proxy, found, connections)
            if not connections:
                return
            connection = stack.enter_context(connections[0])
            if proxy is not None and proxy.scheme.startswith("socks"):
                self.is_open = True
                return
            yield from self._secure(connection, target, proxy, stack)

    def _look_up(self, address: Address, proxy: Proxy | None, found: list[str]) -> Iterator[Finding]:
        try:
            found += addresses_of(address, self._deadline)
        except (OSError, UnicodeError) as error:
            late = isinstance(error, TimeoutError)
            problem = "the look-up takes too long" if late else f"the name is not known ({error})"
            cure = "see whether this machine has a name server that answers" if late else _spelling(address, proxy)
            yield broken(f"DNS: {address.host}: {problem}", cure, self._source(proxy))
            return
        shown = ", ".join(found[:4])
        yield fine(f"DNS: {address.host} is {shown}" if shown != address.host else f"DNS: {shown} needs none")

    def _connect(
        self, address: Address, proxy: Proxy | None, found: list[str], connections: list[socket.socket]
    ) -> Iterator[Finding]:
        place = f"{address.host}:{address.port}"
        try:
            connections.append(connect(found, address.port, self._deadline))
        except ConnectionRefusedError:
            what = f"TCP: {place} refuses the connection: nothing listens there"
            cure = f"start the server, or correct host and port in {_ENDPOINT if proxy is None else proxy.source}"
            yield broken(what, cure, self._source(proxy))
        except TimeoutError:
            what = f"TCP: {place} does not answer"
            cure = "let a firewall pass it, or name the proxy that has to be used in https_proxy"
            yield broken(what, cure, self._source(proxy))
        except OSError as error:
            what = f"TCP: {place} cannot be reached: {error.strerror or error}"
            yield broken(what, "see whether this machine has a network, and a route there", self._source(proxy))
        else:
            yield fine(f"TCP: connected with {place}")

    def _secure(
        self, connection: socket.socket, target: Address, proxy: Proxy | None, stack: ExitStack
    ) -> Iterator[Finding]:
        if not target.is_safe and (proxy is None or proxy.scheme != "https"):
            self.is_open = True
            yield fine("TLS: none, by http")
            return
        place, source = self._authorities(target)
        try:
            context = _tls.context_for(place)
        except OSError as error:
            what = f"TLS: no certificate authorities in {place}: {error.strerror or error}"
            yield broken(what, f"correct {source}: it has to be a PEM file, or a folder of them", source)
            return
        host, port = (proxy.host, proxy.port) if proxy is not None else (target.host, target.port)
        try:
            if proxy is not None and proxy.scheme == "https":
                connection = stack.enter_context(secure(connection, context, proxy.host, self._deadline))
            if proxy is not None and target.is_safe:
                tunnel(connection, proxy, target, self._deadline)
                yield fine(f"proxy: lets us through to {target.host}:{target.port}", proxy.source)
            if target.is_safe:
                host, port = target.host, target.port
                safe: Secured
                if isinstance(connection, ssl.SSLSocket):
                    safe = stack.enter_context(secure_through(connection, context, host, self._deadline))
                else:
                    safe = stack.enter_context(secure(connection, context, host, self._deadline))
                yield _tls.sound(safe, target.host, f"authorities: {place}, {source}")
            self.is_open = True
        except ProxyRefusedError as refusal:
            yield _refused(refusal, proxy, target)
        except ssl.SSLCertVerificationError as error:
            yield _tls.bad_certificate(host, error, f"authorities: {place}, {source}")
        except OSError as error:
            yield _tls.no_handshake(host, port, error)

    def _authorities(self, target: Address) -> tuple[str, str]:
        with requests.Session() as session:
            url = f"https://{target.host}"
            found = session.merge_environment_settings(url, {}, stream=True, verify=None, cert=None)
        return _tls.authorities(self._setup, found["verify"] or True)

    def _source(self, proxy: Proxy | None) -> str:
        if proxy is not None:
            return proxy.source
        return self._setup.source("endpoint" if self._setup.reading("endpoint").value else "region")


def _said(proxy: Proxy | None, settings: Settings) -> Finding:
    if proxy is None:
        reason = why_direct(settings.url)
        return fine(f"proxy: none{f' ({reason})' if reason else ''}")
    if proxy.scheme.startswith("socks") and not _has_socks():
        what = f"proxy: {proxy.shown} needs PySocks, which is not installed"
        return broken(what, "pip install 'requests[socks]'", proxy.source)
    return fine(f"proxy: {proxy.shown}", proxy.source)


def _has_socks() -> bool:
    from importlib.util import find_spec

    return find_spec("socks") is not None


def _spelling(address: Address, proxy: Proxy | None) -> str:
    if proxy is not None:
        return f"correct the host in {proxy.source}"
    hosts = [url.partition("//")[2] for url in REGIONS.values()]
    cure = "see whether this machine has a name server, or name the proxy that has to be used in https_proxy"
    if address.host in hosts:
        return cure
    near = get_close_matches(address.host, hosts, 1)
    question = f" (did you mean {near[0]}?)" if near else ""
    return f"correct the host in {_ENDPOINT}{question}; where it is right, {cure}"


def _refused(refusal: ProxyRefusedError, proxy: Proxy | None, target: Address) -> Finding:
    source = proxy.source if proxy is not None else ""
    if refusal.status == _AUTHENTICATE:
        return broken(
            "proxy: it answers 407: it wants a user name and a password",
            f"write them in {source}: http://user:password@host:port, percent-encoded",
            source,
        )
    if refusal.is_silent:
        what = f"proxy: it does not answer when it is asked for {target.host}:{target.port}"
        cure = f"see whether it is a proxy for HTTP, and correct {source}, or leave the host out of it with no_proxy"
        return broken(what, cure, source)
    page = " with a page for people (HTML)" if refusal.is_page else ""
    answer = f"{refusal.status}{page}" if refusal.status else "something that is no HTTP"
    return broken(
        f"proxy: it answers {answer} instead of connecting to {target.host}:{target.port}",
        f"have {target.host} allowed on the proxy, correct {source}, or leave the host out of it with no_proxy",
        source,
    )
