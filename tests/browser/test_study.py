"""`fairy lab study` in a real browser: three raters at once and a killed server, keyboard, phone, what goes wrong."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from fairy.lab.study import StudyConfig, build_study
from fairy.lab.study.findings import summarize
from fairy.video import VideoWriter, probe, read_frames

ASSETS = Path(__file__).parents[2] / "src" / "fairy" / "video" / "clips"
PHONE = (390, 844)
TINTS = {"steady": (0.45, 0.5, 0.95), "wavering": (0.6, 0.6, 0.8)}
QUESTIONS = ("frame_quality", "temporal_consistency", "prompt_faithfulness", "input_faithfulness", "overall")

OpenPage = Callable[..., Page]
Screenshot = Callable[..., None]


def write_result(source: Path, path: Path, tint: tuple[float, ...], swing: float) -> None:
    """A tinted clip, whose brightness swings from frame to frame."""
    info = probe(source)
    with VideoWriter(path, info=info, size=(info.width, info.height)) as writer:
        for frame in read_frames(info):
            picture = frame.image * tint + swing * (frame.index % 2)
            writer.write(np.clip(picture, 0, 255).astype(np.uint8), frame.pts)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sources/, steady/, wavering/ and lines.csv: two clips and two ways to make them dark."""
    folder = tmp_path_factory.mktemp("clips")
    for place in ("sources", *TINTS):
        (folder / place).mkdir()
    for name in ("demo", "hills"):
        (folder / "sources" / f"{name}.mp4").write_bytes((ASSETS / f"{name}.mp4").read_bytes())
        for method, tint in TINTS.items():
            path = folder / method / f"{name}.mp4"
            write_result(folder / "sources" / f"{name}.mp4", path, tint, 25.0 if method == "wavering" else 0.0)
    (folder / "lines.csv").write_text("video,instruction\ndemo,make it night\nhills,make it a moonlit night\n")
    return folder


@pytest.fixture
def make_study(clips: Path, tmp_path: Path) -> Callable[..., Path]:
    """make_study(raters=3, standalone=False): a study of the clips."""

    def make(*, standalone: bool = False, **settings: Any) -> Path:
        build_study(
            tmp_path / "study",
            source=clips / "sources",
            methods=[clips / method for method in TINTS],
            instructions=clips / "lines.csv",
            standalone=standalone,
            config=StudyConfig(**settings),
        )
        return tmp_path / "study"

    return make


def begin(page: Page, name: str = "") -> None:
    page.fill("#name", name)
    page.click("#begin button")
    expect(page.locator("#judge")).to_be_visible()


def wait_until(page: Page, expression: str, seconds: float = 20.0) -> None:
    """Playwright's own wait_for_function evaluates strings in the page, which the page's policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def wait_for_videos(page: Page) -> None:
    wait_until(page, "[...document.querySelectorAll('video')].every((video) => video.readyState >= 2)")


def answer(page: Page, digits: str) -> None:
    """Answer all questions by keys, and go on."""
    before = page.inner_text("#count")
    page.keyboard.type(digits)
    page.keyboard.press("Enter")
    expect(page.locator("#count")).not_to_have_text(before)


def right_answer(study: Path, page: Page) -> str:
    """The keys of an honest rater: the better side of a check, elsewhere the steady result on all counts."""
    with closing(sqlite3.connect(study / "study.sqlite")) as connection:
        query = "SELECT first FROM items WHERE ? IN (first, second)"
        left, right = (video.get_attribute("src") or "" for video in page.locator(".result video").all())
        names = [source.split("/")[-1].removesuffix(".mp4") for source in (left, right)]
        firsts = {row[0] for name in names for row in connection.execute(query, (name,))}
    return "11111" if names[0] in firsts else "44444"


def rows_of(study: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(study / "study.sqlite")) as connection:
        return connection.execute(query).fetchall()


def test_three_raters_at_once_and_a_killed_server(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage, screenshot: Screenshot
) -> None:
    study = make_study()
    server = start_server("lab", "study", "serve", str(study))
    pages = [open_page(server.url, quietly=False) for _ in range(3)]
    for page, name in zip(pages, ("Ann", "Ben", "Cy"), strict=True):
        begin(page, name)
    for page in pages:
        answer(page, right_answer(study, page))
    for page in pages:
        wait_for_videos(page)
    server.kill()
    waiting = [right_answer(study, page) for page in pages]
    for page, digits in zip(pages, waiting, strict=True):
        page.keyboard.type(digits)
        page.keyboard.press("Enter")
        expect(page.locator("#message")).to_contain_text("No connection to the server")
    screenshot(pages[0], "study-no-connection")
    server.start()
    for page in pages:
        expect(page.locator("#count")).to_have_text("3 of 5", timeout=20_000)
    for _ in range(3):
        for page in pages:
            answer(page, right_answer(study, page))
    for page in pages:
        expect(page.locator("#done")).to_be_visible()
    screenshot(pages[0], "study-thanks")
    assert rows_of(study, "SELECT COUNT(*) FROM answers") == [(3 * 5 * len(QUESTIONS),)]
    assert set(Counter(rows_of(study, "SELECT item FROM tasks WHERE answered IS NOT NULL")).values()) == {3}
    summary = summarize(study)
    assert (summary.num_excluded, len(summary.votes)) == (0, 15)
    assert all(finding.shares[0].share == 1 and finding.num_open == 0 for finding in summary.findings)


def test_keyboard_alone_is_enough(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage, screenshot: Screenshot
) -> None:
    server = start_server("lab", "study", "serve", str(make_study(checks=0)))
    page = open_page(server.url)
    expect(page.locator("#welcome")).to_be_visible()
    screenshot(page, "study-welcome")
    page.keyboard.press("Tab")
    page.keyboard.type("Ann")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("1 of 2")
    wait_for_videos(page)
    page.keyboard.press(" ")
    expect(page.locator("#play")).to_have_text("Play")
    page.keyboard.type("123")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_have_text("2 questions are still open.")
    page.evaluate("player.seek(0.9)")
    screenshot(page, "study-pair", full_page=False)
    page.keyboard.type("41")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("2 of 2")
    page.keyboard.press("Backspace")
    expect(page.locator("#count")).to_have_text("1 of 2")
    given = page.evaluate("given()")
    assert list(given.values()) == ["left", "both_good", "both_bad", "right", "left"]


def test_phone_width(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage, screenshot: Screenshot
) -> None:
    server = start_server("lab", "study", "serve", str(make_study(checks=0)))
    page = open_page(server.url, PHONE)
    begin(page)
    wait_for_videos(page)
    source, first, second = (video.bounding_box() for video in page.locator("#videos video").all())
    assert min(first["height"], second["height"]) > 1.5 * source["height"]  # type: ignore[index]
    assert min(first["width"], second["width"]) > 300  # type: ignore[index]
    for question in QUESTIONS:
        page.tap(f"label[for={question}-both_good]")
    screenshot(page, "study-phone")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = [label.bounding_box() for label in page.locator(".choices label").all()]
    assert all(box and box["height"] >= 44 and box["width"] >= 44 for box in boxes)
    page.tap("#next")
    expect(page.locator("#count")).to_have_text("2 of 2")


def test_reload_and_personal_link_go_on(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage
) -> None:
    server = start_server("lab", "study", "serve", str(make_study(checks=0)))
    page = open_page(server.url)
    begin(page)
    answer(page, "12341")
    page.keyboard.type("123")
    page.reload()
    expect(page.locator("#count")).to_have_text("2 of 2")
    assert list(page.evaluate("given()").values()) == ["left", "both_good", "both_bad"]
    elsewhere = open_page(page.evaluate("document.getElementById('link').href"))
    expect(elsewhere.locator("#count")).to_have_text("2 of 2")
    lost = open_page(f"{server.url}/r/nobody")
    expect(lost.locator("#unknown-link")).to_be_visible()


def test_videos_play_in_step_and_again(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage
) -> None:
    server = start_server("lab", "study", "serve", str(make_study(checks=0)))
    page = open_page(server.url)
    begin(page)
    wait_for_videos(page)
    page.evaluate("player.seek(1.6)")
    wait_until(page, "player.leader.currentTime < 1")  # clips of two seconds: it has begun anew
    wait_until(page, "player.leader.currentTime > 0.3")
    times = page.evaluate("player.videos.map((video) => [video.currentTime, video.paused])")
    assert max(time for time, _ in times) - min(time for time, _ in times) < 0.15
    assert not any(paused for _, paused in times)


def test_single_results(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage, screenshot: Screenshot
) -> None:
    study = make_study(standalone=True, checks=0)
    server = start_server("lab", "study", "serve", str(study))
    page = open_page(server.url)
    expect(page.locator("#welcome")).to_contain_text("good or bad")
    begin(page)
    wait_for_videos(page)
    page.keyboard.press(" ")
    page.keyboard.type("121")
    screenshot(page, "study-single", full_page=False)
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("2 of 4")
    assert rows_of(study, "SELECT answer FROM answers ORDER BY rowid") == [("good",), ("bad",), ("good",), ("good",)]


def test_a_study_that_needs_nobody_says_so(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage, screenshot: Screenshot
) -> None:
    server = start_server("lab", "study", "serve", str(make_study(checks=0, raters=1)))
    begin(open_page(server.url))
    page = open_page(server.url)
    page.click("#begin button")
    expect(page.locator("#done")).to_contain_text("Nothing to judge at the moment")
    screenshot(page, "study-nothing-to-judge")


def test_a_video_that_fails_can_be_loaded_again(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage
) -> None:
    server = start_server("lab", "study", "serve", str(make_study(checks=0)))
    page = open_page(server.url, quietly=False)
    page.route("**/*.mp4", lambda route: route.abort())
    begin(page)
    expect(page.locator("#media-error")).to_be_visible()
    page.unroute("**/*.mp4")
    page.click("#reload")
    wait_for_videos(page)
    expect(page.locator("#media-error")).to_be_hidden()


def test_a_server_that_is_away_is_waited_for(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage, screenshot: Screenshot
) -> None:
    server = start_server("lab", "study", "serve", str(make_study(checks=0)))
    page = open_page(server.url, quietly=False)
    page.route("**/api/state*", lambda route: route.abort())
    page.reload()
    expect(page.locator("#trouble")).to_be_visible()
    screenshot(page, "study-unreachable")
    page.unroute("**/api/state*")
    expect(page.locator("#welcome")).to_be_visible(timeout=10_000)


def test_no_error_in_the_console(
    make_study: Callable[..., Path], start_server: Callable[..., Any], open_page: OpenPage
) -> None:
    server = start_server("lab", "study", "serve", str(make_study(checks=0)))
    page = open_page(server.url)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.reload()
    begin(page)
    wait_for_videos(page)
    answer(page, "11111")
    assert said == []
