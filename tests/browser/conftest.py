"""A real browser and real servers for the tests of the pages: Debian's chromium, driven by playwright.

`make test-web` runs them. They write their screenshots to docs/images.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

IMAGES = Path(__file__).parents[2] / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDEST, QUALITY = 960, 82
"""Columns of a screenshot as it is kept, and how well."""
expect.set_options(timeout=30_000)  # other work may go on, too
DESKTOP, PHONE = (1280, 900), (390, 844)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class ServerProcess:
    """`fairy WORDS --port PORT` in a process of its own; it can be killed and started again on the same port."""

    def __init__(self, *words: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.words = (*words, "--port", str(self.port))
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 60.0) -> None:
        command = [sys.executable, "-m", "fairy", *self.words]
        # Whoever was started in the background of a shell is deaf to SIGINT, and so would be its children.
        listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        self.process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, preexec_fn=listen)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} ended with {self.process.returncode}")
            try:
                urllib.request.urlopen(self.url, timeout=2).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"{self.url} did not answer in {seconds:.0f} s")

    def kill(self) -> None:
        """As a crash would end it."""
        assert self.process
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> None:
        """As Ctrl-C ends it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)


@pytest.fixture(scope="session")
def start_server() -> Iterator[Callable[..., ServerProcess]]:
    """start_server("ui", "--folder", ...): a server that answers; all are stopped in the end."""
    servers: list[ServerProcess] = []

    def start(*words: str) -> ServerProcess:
        servers.append(ServerProcess(*words))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.exit("no browser: install chromium (Debian: apt-get install chromium)", returncode=1)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """open_page(url, size=DESKTOP): a page of a visitor of its own; in the end no page may have called outside, and
    none may have had an error of its own. `quietly=False` lets a page complain: of a server that was killed.
    """
    contexts: list[BrowserContext] = []
    outside: list[str] = []
    errors: list[str] = []

    def watch(address: str) -> None:
        if not address.startswith(("http://127.0.0.1:", "data:", "blob:", "ws://127.0.0.1:")):
            outside.append(address)

    def open_one(url: str, size: tuple[int, int] = DESKTOP, quietly: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, has_touch=size == PHONE, accept_downloads=True
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("request", lambda request: watch(request.url))
        if quietly:
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert outside == []
    assert errors == []


@pytest.fixture(scope="session")
def screenshot() -> Callable[[Page, str], None]:
    """screenshot(page, "web-start"): docs/images/web-start.webp, in all its colours: there are video frames in it."""

    def take(page: Page, name: str, full_page: bool = True) -> None:
        with Image.open(BytesIO(page.screenshot(full_page=full_page, animations="disabled"))) as picture:
            picture = picture.convert("RGB")
            picture.thumbnail((WIDEST, 10 * WIDEST), Image.Resampling.LANCZOS)
            picture.save(IMAGES / f"{name}.webp", quality=QUALITY, method=6)

    return take


@pytest.fixture(scope="session")
def states(screenshot: Callable[..., None]) -> Callable[[Page, str], None]:
    """states(page, "web-start"): what is to be seen now, wide and narrow, light and dark: four pictures."""

    def take(page: Page, name: str) -> None:
        for width, height in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("dark", "light"):
                page.evaluate("dark => document.body.classList.toggle('dark', dark)", scheme == "dark")
                page.wait_for_timeout(150)
                screenshot(page, f"{name}-{width}-{scheme}", full_page=False)

    return take
