"""What keeps the page to itself: large requests are refused unread, nothing is fetched, no foreign scripts run."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

ROOM_FOR_HEADERS = 1 << 20
"""Bytes of a request round an upload."""
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:;"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Guard:
    """ASGI middleware round Gradio."""

    def __init__(self, app: Any, max_bytes: int) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Refuse, or let through with the headers added."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if int(declared) > self.max_bytes + ROOM_FOR_HEADERS:
            sizes = [f"{size / (1 << 20):,.0f} MB" for size in (int(declared), self.max_bytes)]
            text = f"{sizes[0]} are too much: at most {sizes[1]} are accepted."
            await answer(send, 413, text)
        elif fetches(scope["path"]):
            await answer(send, 403, "This server fetches nothing from elsewhere.")
        else:
            await self.app(scope, counted(receive, self.max_bytes + ROOM_FOR_HEADERS), with_headers(send))


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


def with_headers(send: Any) -> Callable[[Any], Any]:
    """The answer with our headers."""

    async def send_with(message: Any) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = message | {"headers": [*message["headers"], *ours]}
        await send(message)

    return send_with


async def answer(send: Any, status: int, text: str) -> None:
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

    processing_utils.async_ssrf_protected_download = refuse
