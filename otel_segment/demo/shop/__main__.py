"""Runs the shop by itself."""

from ._app import create_app
from ._server import serve

if __name__ == "__main__":
    serve(create_app())
