"""The gallery of docs/ in a real browser, from the file system: in step, large beside the source, phone, no script."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

GALLERY = Path(__file__).parents[2] / "docs" / "gallery" / "index.html"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PLAYING = "[...document.querySelectorAll('section:first-of-type video')].map((video) => video.currentTime)"

OpenGallery = Callable[..., Page]


@pytest.fixture
def open_gallery(browser: Browser) -> Iterator[OpenGallery]:
    """open_gallery(viewport=, java_script_enabled=): the page; in the end nothing may have been asked of a network."""
    outside: list[str] = []
    pages: list[Page] = []

    def open_one(**options: object) -> Page:
        page = browser.new_context(**{"viewport": DESKTOP, **options}).new_page()
        page.on("request", lambda request: outside.append(request.url))
        page.goto(GALLERY.as_uri())
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        page.context.close()
    assert [address for address in outside if not address.startswith(("file:", "data:"))] == []


def wait_for_first_section(page: Page) -> None:
    page.wait_for_function(f"Math.min(...{PLAYING}) > 0.2")


def test_the_videos_of_a_section_play_in_step(open_gallery: OpenGallery, screenshot: Callable[..., None]) -> None:
    page = open_gallery()
    wait_for_first_section(page)
    times = page.evaluate(PLAYING)
    assert max(times) - min(times) < 0.15
    screenshot(page, "gallery", full_page=False)
    page.click("section:first-of-type .play")
    expect(page.locator("section:first-of-type .play")).to_have_text("Play")
    assert page.evaluate(PLAYING) == page.evaluate(PLAYING)


def test_what_is_not_on_the_screen_is_not_loaded(open_gallery: OpenGallery) -> None:
    page = open_gallery()
    wait_for_first_section(page)
    last = page.locator("section:last-of-type video").first
    assert last.evaluate("(video) => [video.paused, video.readyState]") == [True, 0]
    last.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('section:last-of-type video').currentTime > 0")


@pytest.mark.parametrize("open_it", ["click", "key"])
def test_an_edit_opens_large_beside_its_source(open_it: str, open_gallery: OpenGallery) -> None:
    page = open_gallery()
    edit = page.locator("section:first-of-type figure:not(.source) video").first
    if open_it == "click":
        edit.click()
    else:
        edit.focus()
        page.keyboard.press("Enter")
    dialog = page.locator("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("video")).to_have_count(2)
    expect(dialog.locator("h2")).to_have_text(str(edit.get_attribute("aria-label")))
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_settings_and_metrics_are_there(open_gallery: OpenGallery) -> None:
    page = open_gallery()
    figure = page.locator("section:first-of-type figure:not(.source)").first
    expect(figure.locator("p")).to_contain_text("3 anchors · 10 steps")
    figure.locator("summary").click()
    expect(figure.locator("dl")).to_contain_text(re.compile(r"warp error\s*\d"))


def test_phone_width(open_gallery: OpenGallery, screenshot: Callable[..., None]) -> None:
    page = open_gallery(viewport=PHONE)
    wait_for_first_section(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, "gallery-phone", full_page=False)


def test_without_a_script_each_video_has_its_controls(open_gallery: OpenGallery) -> None:
    page = open_gallery(java_script_enabled=False)
    count = page.locator("video").count()
    assert page.locator("video[controls]").count() == count > 3
    expect(page.locator(".play").first).to_be_hidden()
