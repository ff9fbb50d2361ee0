"""What keeps the page to itself: pages of others and large requests are refused, nothing is fetched, each visitor is
known by a cookie, wrong passwords are slow.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool

from fairy.serving.doors import Doors, headers_of
from fairy.web.attempts import Attempts, TooManyError
from fairy.web.visitors import cookie_of, new_cookie

ROOM_FOR_HEADERS = 1 << 20
"""Bytes of a request round an upload."""
UPLOAD = "/gradio_api/upload"
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:;"
        " connect-src 'self'; form-action 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'self'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
Send = Callable[[Any], Awaitable[None]]


class Guard:
    """ASGI middleware, the outermost of all: what Gradio answers passes through it."""

    def __init__(self, app: Any, *, doors: Doors, max_bytes: int, room: Callable[[], int], attempts: Attempts) -> None:
        """`room`: bytes that uploads may still take together."""
        self.app, self.doors, self.max_bytes, self.room, self.attempts = app, doors, max_bytes, room, attempts

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Refuse, or let through with our headers."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # the page needs no web sockets
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = headers_of(scope)
        send = with_headers(send, new="" if cookie_of(headers.get("cookie", "")) else new_cookie())
        if why := self.doors.refusal(scope["method"], headers):
            await answer(send, 403, why)
        elif fetches(scope["path"]):
            await answer(send, 403, "This server fetches nothing from elsewhere.")
        elif why := await self._too_much(scope, headers):
            await answer(send, 413, why)
        elif scope["path"].rstrip("/") == "/login" and scope["method"] == "POST":
            await self._log_in(scope, receive, send)
        else:
            await self.app(scope, counted(receive, self.max_bytes + ROOM_FOR_HEADERS), send)

    async def _too_much(self, scope: Any, headers: dict[str, str]) -> str:
        """Why a body is too large, by what is said of it; empty where it is not."""
        said = headers.get("content-length", "0")
        declared = int(said) if said.isascii() and said.isdecimal() else 0
        if declared > self.max_bytes + ROOM_FOR_HEADERS:
            sizes = [f"{size / (1 << 20):,.0f} MB" for size in (declared, self.max_bytes)]
            return f"{sizes[0]} are too much: at most {sizes[1]} are accepted."
        if scope["path"].startswith(UPLOAD) and scope["method"] == "POST":
            room = await run_in_threadpool(self.room)
            if room <= 0 or declared > room + ROOM_FOR_HEADERS:
                return "There is no room for further uploads here now. Try again in a few hours."
        return ""

    async def _log_in(self, scope: Any, receive: Any, send: Send) -> None:
        address = (scope.get("client") or ("unknown",))[0]
        status = 500

        async def watch(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            async with self.attempts.turn(address) as record:
                await self.app(scope, counted(receive, ROOM_FOR_HEADERS), watch)
                self.attempts.tell(address, record, right=status < 400)
        except TooManyError:
            await answer(send, 429, "Too many wrong passwords came from there. Try again later.")


def fetches(path: str) -> bool:
    """Whether Gradio would ask another server for this: it streams file=https://... and proxies proxy=..."""
    _, equals, rest = path.partition("=")
    return "/proxy=" in path or bool(equals and "://" in rest[:12])


def counted(receive: Any, most: int) -> Callable[[], Any]:
    """The request's body, which ends as if the sender had gone where it is longer than it may be."""
    seen = 0

    async def receive_some() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= most else {"type": "http.disconnect"}

    return receive_some


def with_headers(send: Send, new: str = "") -> Send:
    """The answer with our headers, without any that open it to other pages. `new` is a cookie to be given."""

    async def send_with(message: Any) -> None:
        if message["type"] == "http.response.start":
            kept = [lax(name, value) for name, value in message["headers"] if not opens(name)]
            ours = [*HEADERS.items(), *([("set-cookie", new)] if new else [])]
            message = message | {"headers": [*kept, *((name.encode(), value.encode()) for name, value in ours)]}
        await send(message)

    return send_with


def opens(name: bytes) -> bool:
    """Whether a header opens an answer to pages of others."""
    return name.lower().startswith(b"access-control-")


def lax(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header; a cookie is never sent along with requests of other pages."""
    return name, re.sub(rb"(?i)samesite=none", b"SameSite=Lax", value) if name.lower() == b"set-cookie" else value


async def answer(send: Send, status: int, text: str) -> None:
    """A short answer of our own."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


def login_check(login: tuple[str, str]) -> Callable[[str, str], bool]:
    """Whether a name and a password are the right ones, in the same time for all wrong ones."""

    def check(user: str, password: str) -> bool:
        right = [hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(login, (user, password), strict=True)]
        return all(right)

    return check


def fetch_nothing() -> None:
    """Gradio downloads a file that a program names by a URL: here it does not."""
    from gradio import processing_utils

    async def refuse(url: str, cache_dir: str) -> str:  # noqa: ARG001
        raise ValueError("files are uploaded, not fetched from elsewhere")

    if not hasattr(processing_utils, "async_ssrf_protected_download"):  # a name of Gradio's own, which may move
        raise RuntimeError("this version of Gradio downloads files in a way that Fairy does not know; use Gradio 6.31")
    processing_utils.async_ssrf_protected_download = refuse
