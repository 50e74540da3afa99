"""A small web shop that tells about its visitors through OpenTelemetry's API and knows of no exporter."""

from ._app import create_app

__all__ = ["create_app"]
