"""The study's server: one page, a small JSON interface and the media, for raters' browsers. Starlette and uvicorn.

Nothing is served but the page's own files and the media by their random names. A rater is known by a cookie, or by the
personal link that sets it on another device.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from fairy.errors import MissingPackageError
from fairy.lab.results.pages import SYNC, page_file
from fairy.lab.study.desk import Desk, Refused
from fairy.lab.study.store import MEDIA, Store
from fairy.serving.doors import Doors, headers_of
from fairy.serving.listening import address_of, listen

try:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.datastructures import MutableHeaders
    from starlette.requests import Request
    from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
except ImportError as error:
    raise MissingPackageError(
        "the study's server needs Starlette and uvicorn: pip install 'fairy-video[web]'"
    ) from error

PAGE = "study.html"
PAGE_FILES = {PAGE: "text/html", "study.css": "text/css", "study.js": "text/javascript", SYNC: "text/javascript"}
MEDIA_TYPES = {"mp4": "video/mp4", "jpg": "image/jpeg"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the personal link is a secret
    "Cache-Control": "no-store",
}
MEDIA_CACHE = {"Cache-Control": "private, max-age=86400"}
MAX_BODY = 1 << 16
MAX_NAME = 80
COOKIE_SECONDS = 90 * 86_400
SECONDS_TO_FINISH = 2
"""For answers that are on their way when the server is stopped; a video that is loading must not hold it up."""


class Site:
    """The endpoints."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store, self._desk = folder / MEDIA, store, Desk(store)
        self._cookie = f"rater-{store.facts['id']}"  # cookies are shared by all ports of a host: one for each study
        self._assets = {name: page_file("fairy.lab.study", name) for name in PAGE_FILES}

    def routes(self) -> list[Route]:
        """All that is served."""
        return [
            Route("/", self.page),
            Route("/assets/{name}", self.page),
            Route("/media/{name}.{suffix}", self.media),
            Route("/r/{token}", self.link),
            Route("/api/state", self.state),
            Route("/api/join", posted(self.join), methods=["POST"]),
            Route("/api/answers", posted(self.answers), methods=["POST"]),
            Route("/api/draft", posted(self.draft), methods=["POST"]),
            Route("/api/more", posted(self.more), methods=["POST"]),
        ]

    def page(self, request: Request) -> Response:
        """The page itself, or a file of it."""
        name = request.path_params.get("name", PAGE)
        if name not in PAGE_FILES:
            raise Refused(404, "there is no such file")
        return Response(self._assets[name].read_bytes(), media_type=PAGE_FILES[name])

    def media(self, request: Request) -> Response:
        """A video or its poster, in parts where the browser asks for parts."""
        name, suffix = request.path_params["name"], request.path_params["suffix"]
        if name not in self._desk.media or suffix not in MEDIA_TYPES:
            raise Refused(404, "there is no such video")
        path = self._folder / f"{name}.{suffix}"
        return FileResponse(path, media_type=MEDIA_TYPES[suffix], headers=MEDIA_CACHE)

    def link(self, request: Request) -> Response:
        """The personal link: go on here."""
        token = request.path_params["token"]
        if self._store.rater(token) is None:
            return RedirectResponse("/#unknown-link", 303)
        return self._signed_in(RedirectResponse("/", 303), token)

    def state(self, request: Request) -> Response:
        """Where this rater is."""
        asked = request.query_params.get("position", "")
        position = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 9 else None
        rater = self._rater(request)
        state = self._desk.state(rater, position)
        return JSONResponse(state if rater is None else {**state, "link": f"/r/{request.cookies[self._cookie]}"})

    def join(self, request: Request, said: dict[str, Any]) -> Response:
        """A new rater; who has a place already keeps it."""
        if self._rater(request) is not None:
            return JSONResponse({})
        return self._signed_in(JSONResponse({}), self._store.join(str(said.get("name", "")).strip()[:MAX_NAME]))

    def answers(self, request: Request, said: dict[str, Any]) -> Response:
        """Answers to one task."""
        self._desk.record(self._known(request), said)
        return JSONResponse({})

    def draft(self, request: Request, said: dict[str, Any]) -> Response:
        """Answers to some questions of a task, as they are given."""
        self._desk.keep(self._known(request), said)
        return JSONResponse({})

    def more(self, request: Request, said: dict[str, Any]) -> Response:  # noqa: ARG002
        """Another batch."""
        return JSONResponse({"tasks": self._store.more(self._known(request))})

    def _rater(self, request: Request) -> int | None:
        token = request.cookies.get(self._cookie)
        return self._store.rater(token) if token else None

    def _known(self, request: Request) -> int:
        rater = self._rater(request)
        if rater is None:
            raise Refused(401, "your place in this study is not known here; open your personal link, or begin anew")
        return rater

    def _signed_in(self, response: Response, token: str) -> Response:
        response.set_cookie(self._cookie, token, max_age=COOKIE_SECONDS, httponly=True, samesite="strict")
        return response


def posted(work: Callable[[Request, dict[str, Any]], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that takes a JSON object and does its work in a thread."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(work, request, await read_json(request))

    return endpoint


async def read_json(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries, and says that it does: the forms of foreign sites cannot."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refused(415, "JSON is wanted")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise Refused(413, "that is too much")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Refused(400, "a JSON object is wanted")
    return said


async def refuse(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """The answer to a refused request."""
    assert isinstance(error, Refused)
    return JSONResponse({"error": error.line}, error.status)


class Guarded:
    """An application that answers its own page only; every response carries HEADERS, unless it sets its own."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app, self._doors = app, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._doors.refusal(scope["method"], headers_of(scope)) if scope["type"] == "http" else ""
        app = JSONResponse({"error": refused}, 403) if refused else self._app
        await app(scope, receive, send_guarded)


def create_app(folder: Path, store: Store, doors: Doors) -> ASGIApp:
    """The web application of an opened study."""
    return Guarded(Starlette(routes=Site(folder, store).routes(), exception_handlers={Refused: refuse}), doors)


def serve(
    folder: Path, *, host: str, port: int, public_names: Sequence[str] = (), announce: Callable[[str], None]
) -> None:
    """Serve a study until a signal comes. `announce` is told the address when raters can come."""
    with Store(folder) as store, listen(host, port) as listening:
        config = uvicorn.Config(
            create_app(folder, store, Doors.of(host, public_names)),
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
        )
        announce(address_of(host, listening))
        uvicorn.Server(config).run(sockets=[listening])
