"""Start the page: offline, on this machine's own address unless told otherwise, and stop it in order."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fairy.disk.lock import locked
from fairy.errors import MissingPackageError, OutputError
from fairy.web.settings import WebConfig

OFFLINE = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "GRADIO_SSR_MODE": "False"}
"""To be set before Gradio and the hub's client are imported."""


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
    with locked(studio.shelf.folder):
        os.environ["GRADIO_TEMP_DIR"] = str(studio.shelf.served)
        page = None
        try:
            # Gradio opens an event loop for each of its locks where none runs, and closes none.
            page, url = asyncio.run(launch(studio))
            studio.start()
            yield url
        finally:
            if page:
                page.close(verbose=False)
            studio.close()


def wait() -> None:
    """Until Ctrl-C."""
    threading.Event().wait()


async def launch(studio: Any) -> tuple[Any, str]:
    """The page of a studio, listening, and its address."""
    from starlette.middleware import Middleware

    from fairy.web import look
    from fairy.web.app import build
    from fairy.web.security import Guard, fetch_nothing, login_check

    config: WebConfig = studio.config
    fetch_nothing()
    page = build(studio)
    page.queue(default_concurrency_limit=8, api_open=True)
    login = config.login()
    try:
        _, url, _ = page.launch(
            server_name=config.host,
            server_port=config.port or free_port(config.host),
            auth=login_check(login) if login else None,
            max_file_size=config.max_bytes,
            app_kwargs={"middleware": [Middleware(Guard, max_bytes=config.max_bytes)]},
            theme=look.theme(),
            css=look.STYLE,
            footer_links=["api"],
            show_error=True,
            share=False,
            inbrowser=False,
            quiet=True,
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise OutputError(
            f"port {config.port} of {config.host} is taken or not allowed; choose another with --port, or 0 for any"
        ) from error
    return page, str(url)


def free_port(host: str) -> int:
    """A port that nobody uses now."""
    import socket

    with socket.socket() as found:
        found.bind((host, 0))
        return int(found.getsockname()[1])
