"""Certificates: who is believed, and what is wrong with one that is not."""

import ssl
import time
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context

from otel_segment.cli.doctor._findings import Finding, broken, fine, warning
from otel_segment.cli.doctor._setups import Setup
from otel_segment.cli.doctor._way import Secured

__all__ = ["authorities", "bad_certificate", "context_for", "no_handshake", "sound"]

_DAY = 24 * 3_600
_SOON = 14
_VARIABLE = "OTEL_EXPORTER_SEGMENT_CERTIFICATE"
_TRUST = f"where that authority is yours, set {_VARIABLE} to a PEM file of it; certificates are never left unchecked"

_CAUSES = {
    9: ("it is not valid yet", "set this machine's clock, or wait until the certificate is valid"),
    10: ("it has expired", "have it renewed on the server; where it is not, set this machine's clock"),
    18: ("it is self-signed: no authority vouches for it", _TRUST),
    19: ("the authority at the end of its chain is not trusted here (self-signed)", _TRUST),
    20: ("it is from an authority that is not trusted here", _TRUST),
    21: ("its chain is not complete", "have the server send its intermediate certificates"),
    23: ("it was revoked", "have it replaced on the server"),
    62: ("it is for another host name", "correct the host in OTEL_EXPORTER_SEGMENT_ENDPOINT, or the certificate"),
    64: ("it is not for this IP address", "write the host's name in OTEL_EXPORTER_SEGMENT_ENDPOINT, not its address"),
}


def authorities(setup: Setup, verify: bool | str) -> tuple[str, str]:
    """Return the file or folder of authorities that are believed, and who named it.

    Args:
        setup: The settings.
        verify: What ``requests`` would use.
    """
    if setup.settings is not None and setup.settings.certificate is not None:
        return setup.settings.certificate, setup.source("certificate")
    if isinstance(verify, str):
        return verify, "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE"
    return DEFAULT_CA_BUNDLE_PATH, "default (certifi)"


def context_for(place: str) -> ssl.SSLContext:
    """Return what checks certificates.

    Raises:
        OSError: The authorities cannot be read, or there is none among them.
    """
    # The one that requests are made with: what is strict by default elsewhere may not be so here, and the other way.
    context: ssl.SSLContext = create_urllib3_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    if Path(place).is_dir():
        context.load_verify_locations(capath=place)
    else:
        context.load_verify_locations(cafile=place)
    return context


def bad_certificate(host: str, error: ssl.SSLCertVerificationError, place: str) -> Finding:
    """Say what is wrong with a certificate."""
    usual = (error.verify_message or "it is not valid", _TRUST)
    cause, cure = _CAUSES.get(error.verify_code, usual)
    return broken(f"the certificate of {host} is refused: {cause} ({error.verify_message})", cure, place)


def no_handshake(host: str, port: int, error: OSError) -> Finding:
    """Say why there is no TLS at all."""
    text = str(error)
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text or "HTTP_REQUEST" in text:
        return broken(
            f"{host}:{port} speaks no TLS",
            "write http:// in OTEL_EXPORTER_SEGMENT_ENDPOINT where it is meant so, else correct the port",
        )
    if isinstance(error, TimeoutError):
        return broken(
            f"{host}:{port} does not answer the TLS handshake", "see whether a firewall or a proxy is between"
        )
    return broken(
        f"no TLS with {host}:{port}: {text or type(error).__name__}",
        "see whether something in between ends the connection, such as a firewall that looks into TLS",
    )


def sound(connection: Secured, host: str, place: str) -> Finding:
    """Say how the connection is secured, and for how long the certificate is valid."""
    certificate = connection.getpeercert() or {}
    end = str(certificate.get("notAfter", ""))
    days = (ssl.cert_time_to_seconds(end) - time.time()) / _DAY if end else _SOON
    if days < _SOON:
        return warning(f"the certificate of {host} ends on {end}", "have it renewed on the server", place)
    return fine(f"{connection.version()} with {host}, certificate valid until {end}", place)
