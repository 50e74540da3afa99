"""A small web shop that tells about its visitors through OpenTelemetry's API and knows of no exporter."""

from ._app import create_app
from ._server import serve
from ._visitor import account_id, browser_id, given_consent

__all__ = ["account_id", "browser_id", "create_app", "given_consent", "serve"]
