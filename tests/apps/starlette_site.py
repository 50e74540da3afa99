"""A site made with Starlette: a session, people who sign in by a header, pages, files, streams and mounts.

It emits by OpenTelemetry's API alone, and knows nothing of who listens.
"""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry._logs import LogRecord, get_logger
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser, SimpleUser
from starlette.background import BackgroundTask
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

FOLDER = Path(tempfile.mkdtemp(prefix="site-"))
(FOLDER / "index.html").write_text("<title>Manual</title>" + "<p>text" * 20_000)
(FOLDER / "table.csv").write_text("a,b\n" * 20_000)
_go_on: dict[str, threading.Event] = {}


def emit(event: str, **properties: Any) -> None:
    """Emit an event by hand."""
    get_logger("site").emit(LogRecord(event_name=event, attributes={"analytics.type": "track", **properties}))


class Member(BaseUser):
    """A user of the application's own kind."""

    def __init__(self, number: int) -> None:
        self.number = number

    @property
    def is_authenticated(self) -> bool:
        """Whether this is somebody."""
        return True

    @property
    def identity(self) -> str:
        """What the user is known by."""
        return f"member-{self.number}"


class ByHeader(AuthenticationBackend):
    """Believes what a header says."""

    async def authenticate(self, conn: HTTPConnection) -> "tuple[AuthCredentials, BaseUser] | None":
        """Return who it is."""
        name = conn.headers.get("x-user")
        if name is None:
            return None
        return AuthCredentials(["authenticated"]), Member(int(name)) if name.isdecimal() else SimpleUser(name)


async def hello(request: Request) -> Response:
    """Greet."""
    return HTMLResponse(f"<title>Hello {request.path_params['name']}</title>")


def in_thread(request: Request) -> Response:
    """Answer from a pool of threads."""
    emit("Threaded", thread=threading.current_thread() is not threading.main_thread())
    return HTMLResponse("<title>Thread</title>")


class Desk(HTTPEndpoint):
    """A view that is a class."""

    async def get(self, request: Request) -> Response:
        """Answer."""
        return HTMLResponse("<title>Desk</title>")

    async def post(self, request: Request) -> Response:
        """Redirect."""
        return RedirectResponse("/desk", status_code=303)


async def stream(request: Request) -> Response:
    """Stream a thousand pieces, the second when somebody says so."""
    key = request.path_params["key"]
    _go_on[key] = threading.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"<title>Stream</title>"
        while not _go_on[key].is_set():  # noqa: ASYNC110 - another thread may set it
            await asyncio.sleep(0.005)
        for number in range(999):
            yield b"<p>%d" % number
        emit("Streamed")

    return StreamingResponse(pieces(), media_type="text/html")


async def go_on(request: Request) -> Response:
    """Let a stream go on."""
    _go_on[request.path_params["key"]].set()
    return Response(status_code=204)


async def endless(request: Request) -> Response:
    """Stream until the client has gone."""

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"<p>on and on" * 100
                await asyncio.sleep(0.005)
        finally:
            emit("Stream Abandoned")

    return StreamingResponse(pieces(), media_type="text/html")


async def after(request: Request) -> Response:
    """Leave work for after the answer."""

    async def later() -> None:
        await asyncio.sleep(0.01)
        emit("Cleaned Up")

    return HTMLResponse("<title>After</title>", background=BackgroundTask(later))


async def spawned(request: Request) -> Response:
    """Start a task, and do not wait for it."""

    async def aside() -> None:
        await asyncio.sleep(0.01)
        emit("Done Aside")

    task = asyncio.create_task(aside())
    request.app.state.task = task
    return HTMLResponse("<title>Spawned</title>")


async def waited(request: Request) -> Response:
    """Emit between waits."""
    number = int(request.query_params["n"])
    for _ in range(3):
        await asyncio.sleep(0.001 * (number % 7))
    emit("Waited", n=number)
    await asyncio.sleep(0.001 * (number % 5))
    return HTMLResponse("ok")


async def boom(request: Request) -> Response:
    """Fail."""
    raise LookupError(request.url.path)


async def ready_made(request: Request) -> Response:
    """Answer with a kind and a status of choice."""
    query = request.query_params
    headers = {"cache-control": query["cache"]} if "cache" in query else {}
    return Response(
        b"" if query.get("status") in {"204", "304"} else b"<title>Made</title>",
        status_code=int(query.get("status", "200")),
        media_type=query.get("kind", "text/html"),
        headers=headers,
    )


async def traced(request: Request) -> Response:
    """Answer with the trace that this page has."""
    context = trace.get_current_span().get_span_context()
    return HTMLResponse(f"{context.trace_id:032x}-{context.span_id:016x}")


async def visit_counter(request: Request) -> Response:
    """Count this browser's visits, in the session."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HTMLResponse(f"<title>{request.session['visits']}</title>")


async def big_title(request: Request) -> Response:
    """Answer with a title of ten megabytes."""
    return HTMLResponse("<title>" + "x" * 10_000_000 + "</title>")


async def echo(socket: WebSocket) -> None:
    """Say a message back."""
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


async def last(request: Request) -> Response:
    """Answer with a page without a title."""
    return HTMLResponse("")


inner = Starlette(routes=[Route("/users/{user:int}", lambda request: HTMLResponse("<title>User</title>"))])
middle = Starlette(
    routes=[Mount("/inner", inner), Route("/about", lambda request: HTMLResponse("<title>About</title>"))]
)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Begin and end."""
    app.state.begun = True
    yield


app = Starlette(
    routes=[
        Route("/hello/{name}", hello),
        Route("/thread", in_thread),
        Route("/desk", Desk),
        Route("/stream/{key}", stream),
        Route("/go-on/{key}", go_on),
        Route("/endless", endless),
        Route("/after", after),
        Route("/spawned", spawned),
        Route("/waited", waited),
        Route("/boom", boom),
        Route("/made", ready_made),
        Route("/traced", traced),
        Route("/counted", visit_counter),
        Route("/big", big_title),
        Route("/manual", lambda request: FileResponse(FOLDER / "index.html")),
        Route("/download", lambda request: FileResponse(FOLDER / "index.html", filename="index.html")),
        Route("/old", lambda request: RedirectResponse("/hello/ada")),
        Route("/last", last),
        Mount("/files", StaticFiles(directory=FOLDER, html=True)),
        Mount("/outer/{tenant}", middle),
        WebSocketRoute("/echo", echo),
    ],
    middleware=[
        Middleware(SessionMiddleware, secret_key="s3cret"),
        Middleware(AuthenticationMiddleware, backend=ByHeader()),
    ],
    lifespan=lifespan,
)
