"""The views of the site."""

import asyncio
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model, login, logout
from django.db.backends.signals import connection_created
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.views import View
from django.views.generic import TemplateView
from opentelemetry import trace
from opentelemetry._logs import LogRecord, get_logger, get_logger_provider

MANUAL = Path(tempfile.mkdtemp(prefix="site-")) / "manual.html"
MANUAL.write_text("<title>Manual</title>" + "<p>text" * 20_000)
asked: list[str] = []


def _count(execute: Any, sql: str, *arguments: Any) -> Any:
    asked.append(sql)
    return execute(sql, *arguments)


def _connected(connection: Any, **_: Any) -> None:
    # It is the same object that connects again and again.
    if _count not in connection.execute_wrappers:
        connection.execute_wrappers.append(_count)


connection_created.connect(_connected)


def emit(name: str, **properties: Any) -> None:
    """Emit an event by hand."""
    get_logger("site").emit(LogRecord(event_name=name, attributes={"analytics.type": "track", **properties}))


def home(request: HttpRequest) -> HttpResponse:
    """Show the first page."""
    return HttpResponse("<title>The shop</title>Welcome")


class Product(TemplateView):
    """Shows what is for sale, by a template."""

    template_name = "product.html"


class Desk(View):
    """An asynchronous view that is a class."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Show it."""
        await asyncio.sleep(0)
        return HttpResponse("<title>Desk</title>")

    async def post(self, request: HttpRequest) -> HttpResponse:
        """Take a form."""
        return HttpResponse("<title>Thanks</title>")


def archive(request: HttpRequest, year: str) -> HttpResponse:
    """Show what was for sale."""
    return TemplateResponse(request, "product.html", {"slug": year})


def in_thread(request: HttpRequest, number: int) -> HttpResponse:
    """Emit between waits."""
    time.sleep(0.001 * (number % 3))
    emit("Worked", number=number, on_main=threading.current_thread() is threading.main_thread())
    return HttpResponse("<title>Sync</title>")


async def awaited(request: HttpRequest, number: int) -> HttpResponse:
    """Emit between waits."""
    await asyncio.sleep(0.001 * (number % 7))
    emit("Waited", number=number)
    await asyncio.sleep(0.001 * (number % 5))
    return HttpResponse("<title>Async</title>")


def stream(request: HttpRequest, number: int) -> HttpResponse:
    """Stream, and emit on the way."""

    def pieces() -> Iterator[str]:
        yield "<title>Stream</title>"
        for piece in range(100):
            yield f"<p>{piece}"
        emit("Streamed", number=number)

    return StreamingHttpResponse(pieces())


async def astream(request: HttpRequest, number: int) -> HttpResponse:
    """Stream asynchronously, and emit on the way."""

    async def pieces() -> AsyncIterator[str]:
        yield "<title>Stream</title>"
        for piece in range(100):
            await asyncio.sleep(0)
            yield f"<p>{piece}"
        emit("Streamed", number=number)

    return StreamingHttpResponse(pieces())


def file(request: HttpRequest) -> FileResponse:
    """Show a file."""
    return FileResponse(MANUAL.open("rb"))


def download(request: HttpRequest) -> FileResponse:
    """Give a file away."""
    return FileResponse(MANUAL.open("rb"), as_attachment=True)


def json(request: HttpRequest) -> HttpResponse:
    """Answer a program."""
    return JsonResponse({})


def boom(request: HttpRequest) -> HttpResponse:
    """Fail."""
    raise LookupError(request.path)


async def aboom(request: HttpRequest) -> HttpResponse:
    """Fail asynchronously."""
    raise LookupError(request.path)


def old(request: HttpRequest) -> HttpResponse:
    """Lead elsewhere."""
    return HttpResponseRedirect("/")


def sign_in(request: HttpRequest, name: str) -> HttpResponse:
    """Sign somebody in, whoever it was before."""
    emit("Sign-in Opened", was=str(request.user.is_anonymous))
    login(request, get_user_model().objects.get(username=name))
    emit("Signed In")
    return HttpResponse("<title>Welcome</title>")


async def asign_in(request: HttpRequest, name: str) -> HttpResponse:
    """Sign somebody in, asynchronously."""
    user = await sync_to_async(get_user_model().objects.get)(username=name)
    await sync_to_async(login)(request, user)
    emit("Signed In")
    return HttpResponse("<title>Welcome</title>")


def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return HttpResponse("<title>Bye</title>")


def who(request: HttpRequest) -> HttpResponse:
    """Say who it is."""
    return HttpResponse(f"<title>{request.user}</title>")


def session(request: HttpRequest) -> HttpResponse:
    """Look at the session, and not at who it is."""
    return HttpResponse(f"<title>{len(request.session.keys())}</title>")


def _trace() -> HttpResponse:
    context = trace.get_current_span().get_span_context()
    return HttpResponse(f"{context.trace_id:032x}-{context.span_id:016x}")


def traced(request: HttpRequest) -> HttpResponse:
    """Answer with the trace that this page has."""
    return _trace()


async def atraced(request: HttpRequest) -> HttpResponse:
    """Answer with the trace that this page has."""
    return _trace()


def queries(request: HttpRequest) -> HttpResponse:
    """Say how many times the database was asked."""
    return HttpResponse(str(len(asked)), content_type="text/plain")


def flush(request: HttpRequest) -> HttpResponse:
    """Have everything sent that was emitted."""
    provider: Any = get_logger_provider()
    provider.force_flush()
    return HttpResponse("flushed", content_type="text/plain")
