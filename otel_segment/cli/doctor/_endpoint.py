"""The address as it is used, and the region that it stands for."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from otel_segment._endpoint import REGIONS
from otel_segment._loopback import is_loopback
from otel_segment.cli.doctor._findings import Finding, broken, fine, unknown, warning
from otel_segment.cli.doctor._setups import Setup
from otel_segment.settings import Settings

__all__ = ["check_endpoint", "check_region", "is_of_segment", "region_of"]

_VARIABLE = "OTEL_EXPORTER_SEGMENT_ENDPOINT"
_REGION_VARIABLE = "OTEL_EXPORTER_SEGMENT_REGION"
_HOSTS = {urlsplit(address).hostname: region for region, address in REGIONS.items()}
_OTHER_HOSTS = {
    "segment.com": "Segment's web site",
    "www.segment.com": "Segment's web site",
    "app.segment.com": "Segment's web application",
    "eu1.app.segment.com": "Segment's web application",
    "cdn.segment.com": "where browsers load their script from",
    "api.segmentapis.com": "Segment's Public API, which takes no events",
    "eu1.api.segmentapis.com": "Segment's Public API, which takes no events",
    "oauth2.segment.io": "Segment's authorization server",
    "oauth2.eu1.segmentapis.com": "Segment's authorization server",
}
_SEGMENT = (".segment.io", ".segment.com", ".segmentapis.com")
_APP = {"us": "https://app.segment.com", "eu": "https://eu1.app.segment.com"}
_USUAL = " or ".join(f"{address} ({region})" for region, address in REGIONS.items())


def check_endpoint(setup: Setup) -> Iterator[Finding]:
    """Say where events go, whichever way it was written."""
    settings = setup.settings
    if settings is None:
        yield unknown("not known while settings are wrong")
        return
    host = urlsplit(settings.endpoint).hostname or ""
    source = setup.source("endpoint" if setup.reading("endpoint").value else "region")
    if host in _OTHER_HOSTS:
        yield broken(f"{settings.url}: {host} is {_OTHER_HOSTS[host]}", f"set {_VARIABLE} to {_USUAL}", source)
    elif host.endswith(_SEGMENT) and host not in _HOSTS:
        what = f"{settings.url}: {host} is none of the addresses that Segment names for its Tracking API"
        yield warning(what, f"set {_VARIABLE} to {_USUAL}, unless Segment told you otherwise", source)
    else:
        yield fine(f"events are posted to {settings.url}", source)
    if settings.endpoint.startswith("http:") and not is_loopback(host):
        what = f"{settings.endpoint} is not encrypted: whoever is on the way reads the write key and the events"
        yield warning(what, f"set {_VARIABLE} to https://{host}", source)


def check_region(setup: Setup) -> Iterator[Finding]:
    """Say which region is used, and what speaks against it."""
    settings = setup.settings
    if settings is None:
        yield unknown("not known while settings are wrong")
        return
    if not is_of_segment(setup):
        yield unknown("the endpoint is none of Segment's: its regions do not matter", setup.source("endpoint"))
        return
    used = region_of(settings)
    doubts = list(_doubts(setup, settings, used))
    yield from doubts
    if used and not doubts:
        source = setup.source("endpoint" if setup.reading("endpoint").value else "region")
        yield unknown(
            f"events go to the region {used}. Write keys do not say which region they are of, and Segment answers 200 "
            f"to a key of the other one and drops everything: your workspace must be at {_APP[used]}",
            source,
            f"where it is at {_APP[_other(used)]}, set {_REGION_VARIABLE}={_other(used)}",
        )


def is_of_segment(setup: Setup) -> bool:
    """Tell whether the endpoint is Segment itself."""
    return setup.settings is None or (urlsplit(setup.settings.endpoint).hostname or "").endswith(_SEGMENT)


def region_of(settings: Settings) -> str:
    """Return the region of the address; empty where it is not one of Segment's two."""
    return _HOSTS.get(urlsplit(settings.endpoint).hostname, "")


def _doubts(setup: Setup, settings: Settings, used: str) -> Iterator[Finding]:
    if not used:
        return
    other = _other(used)
    if setup.source("region") != "default" and settings.region != used:
        yield broken(
            f"region is {settings.region} ({setup.source('region')}), but the endpoint is that of {used} "
            f"({setup.source('endpoint')}), and wins: a write key of the region {settings.region} is answered 200 "
            "there, and its events are dropped",
            f"take away {setup.source('endpoint')}, or set {_REGION_VARIABLE}={used} if your workspace is there",
            setup.source("endpoint"),
        )
    if settings.oauth is not None and _region_in(settings.oauth.auth_server) not in {"", used}:
        yield broken(
            f"the authorization server is that of the region {other}, the endpoint that of {used}",
            f"set {_REGION_VARIABLE} to your workspace's region, and leave endpoint and auth_server out",
            setup.source("oauth"),
        )
    for name, value in sorted(os.environ.items()):
        if "SEGMENT" in name and "REGION" in name and name != _REGION_VARIABLE and value.lower().startswith(other):
            yield warning(
                f"{name} says {other}, but events go to the region {used}: nothing here reads {name}",
                f"set {_REGION_VARIABLE}={other} if that is your workspace's region",
                name,
            )


def _region_in(auth_server: str) -> str:
    host = urlsplit(auth_server).hostname or ""
    return "" if not host.endswith(_SEGMENT) else "eu" if ".eu1." in host else "us"


def _other(region: str) -> str:
    return "us" if region == "eu" else "eu"
