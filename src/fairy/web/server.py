"""Start the page: offline, on this machine's own address unless told otherwise, and stop it in order."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from fairy.disk.lock import locked
from fairy.errors import MissingPackageError
from fairy.serving.doors import Doors
from fairy.serving.listening import address_of, listen
from fairy.web.settings import WebConfig

OFFLINE = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "GRADIO_SSR_MODE": "False"}
"""To be set before Gradio and the hub's client are imported."""
SECONDS_TO_FINISH = 2
"""For answers that are on their way when the server is stopped; a page that listens for news must not hold it up."""


@contextmanager
def serve(config: WebConfig) -> Iterator[str]:
    """The page, up inside the block, and its address. One at a time in a process.

    Raises MissingPackageError without Gradio, UsageError where a setting cannot be, OutputError where the port or the
    folder cannot be had.
    """
    os.environ |= OFFLINE
    try:
        import gradio  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingPackageError("the web page needs Gradio: pip install 'fairy-video[web]'") from error
    from fairy.web.studio import Studio

    studio = Studio(config)
    with locked(studio.shelf.folder), listen(config.host, config.port) as listening:
        os.environ["GRADIO_TEMP_DIR"] = str(studio.shelf.served)
        # Gradio opens an event loop for each of its locks where none runs, and closes none.
        server = Server(asyncio.run(application(studio)))
        try:
            server.start(listening)
            studio.start()
            yield address_of(config.host, listening)
        finally:
            server.close()
            studio.close()


def wait() -> None:
    """Until Ctrl-C."""
    threading.Event().wait()


class Server:
    """A web application on a thread of its own."""

    def __init__(self, app: Any) -> None:
        import uvicorn

        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def start(self, listening: Any) -> None:
        """Returns at once; whoever asks waits until it answers."""
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="fairy-web", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Returns when nobody is answered any more."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # whoever still listens for news is cut off
        self._server.should_exit = True
        if self._thread:
            self._thread.join()


async def application(studio: Any) -> Any:
    """The page of a studio, behind its guard."""
    import gradio as gr
    from starlette.applications import Starlette

    from fairy.web import look
    from fairy.web.app import build
    from fairy.web.attempts import Attempts
    from fairy.web.security import Guard, fetch_nothing, login_check

    config: WebConfig = studio.config
    fetch_nothing()
    page = build(studio)
    page.queue(default_concurrency_limit=8, api_open=True)
    login = config.login()
    app = gr.mount_gradio_app(
        Starlette(),
        page,
        path="/",
        auth=login_check(login) if login else None,
        max_file_size=config.max_bytes,
        app_kwargs={"openapi_url": None},  # it would be there before the password
        theme=look.theme(),
        css=look.STYLE,
        head=look.HEAD,
        favicon_path=str(files("fairy.web").joinpath("assets", "icon.svg")),
        footer_links=[],
        run_history=False,
        show_error=True,
        ssr_mode=False,
    )
    doors = Doors.of(config.host, config.public_name)
    return Guard(app, doors=doors, max_bytes=config.max_bytes, room=studio.room, attempts=Attempts())
