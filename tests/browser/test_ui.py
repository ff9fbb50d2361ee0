"""`fairy ui` in a real browser, as a person would use it. Clips and settings are as small as they can be."""

import re

import pytest
from playwright.sync_api import Page, expect

from clips import make
from conftest import PHONE
from fairy.video import probe

MINUTES = 120_000
"""Milliseconds that a render may take where other work goes on, too."""

SLOW = {"Steps": 100}
"""Settings with which a render can be stopped on the way, on a fast machine, too."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ui")


@pytest.fixture(scope="module")
def server(start_server, folder):
    return start_server("ui", "--quiet", "--folder", str(folder / "kept"), "--max-seconds", "5")


@pytest.fixture(scope="module")
def portrait(folder):
    """Upright, without sound."""
    return make(folder / "portrait.mp4", size=(48, 64), num_frames=12)


@pytest.fixture(scope="module")
def longer(folder):
    """Long enough to be stopped on the way, with the settings of SLOW."""
    return make(folder / "longer.mp4", num_frames=24)


@pytest.fixture(scope="module")
def longest(folder):
    """Not done before another person has tried and begun something; as long as the server takes."""
    return make(folder / "longest.mp4", num_frames=110)


def upload(page: Page, path) -> None:
    page.locator("#source input[type=file]").set_input_files(path)


def set_up(page: Page, **settings: int) -> None:
    """Numbers into the boxes of the settings, by their labels."""
    page.get_by_role("button", name="Settings").click()
    for label, value in settings.items():
        box = page.locator(f"input[aria-label='number input for {label}']")
        box.fill(str(value))
        box.press("Tab")
    page.get_by_role("button", name="Settings").click()


def take(page: Page, path) -> None:
    """Upload a clip that is accepted."""
    upload(page, path)
    expect(page.locator("#clip-line .good")).to_be_visible()


def render(page: Page, instruction: str, **settings: int) -> None:
    """Begin to render with quick settings, unless others are named."""
    set_up(page, **{"Steps": 1, "Size": 64, **settings})
    page.get_by_label("Instruction", exact=True).fill(instruction)
    page.locator("#render").click()
    expect(page.locator("#job h3")).to_have_text(instruction)


def done(page: Page) -> None:
    expect(page.locator("#job .good")).to_contain_text("Done", timeout=MINUTES)


def frames_done(page: Page, least: int) -> None:
    """Wait until so many frames are edited."""
    page.wait_for_function(
        "least => { const m = /(\\d+)\\/\\d+ frames/.exec(document.querySelector('#job').innerText);"
        " return m && +m[1] >= least; }",
        arg=least,
        timeout=MINUTES,
    )


def test_three_clicks_give_an_edited_video(server, open_page, screenshot, folder):
    page = open_page(server.url)
    expect(page.locator("#examples img")).to_have_count(3)
    expect(page.get_by_role("button", name="Render the whole video")).to_be_visible(timeout=MINUTES)
    page.wait_for_function("[...document.querySelectorAll('#examples img')].every(image => image.naturalWidth)")
    screenshot(page, "web-start")
    page.get_by_role("button", name="Hills").click()
    expect(page.locator("#clip-line")).to_contain_text("24 frames")
    page.get_by_role("button", name="make it night").click()
    expect(page.locator("#pairs img")).to_have_count(4, timeout=MINUTES)
    screenshot(page, "web-frames")
    page.locator("#render").click()
    expect(page.locator("#job img")).to_be_visible(timeout=MINUTES)
    expect(page.locator("#job")).to_contain_text("a second")
    screenshot(page, "web-rendering")
    done(page)
    expect(page.locator("#slider canvas")).to_be_visible()
    page.wait_for_function("document.querySelector('#slider video').videoWidth > 0")
    page.wait_for_timeout(500)
    screenshot(page, "web-result")
    with page.expect_download() as download:
        page.locator("#download").click()
    download.value.save_as(folder / "night.mp4")
    assert download.value.suggested_filename == "hills-make-it-night.mp4"
    assert len(probe(folder / "night.mp4")) == 24


def test_the_slider_moves_with_the_keys_and_shows_both(server, open_page):
    page = open_page(server.url)
    page.locator("#jobs label").first.click()
    done(page)
    page.wait_for_function("document.querySelector('#slider video').videoWidth > 0")
    colour = "[...document.querySelector('#slider canvas').getContext('2d').getImageData(20, 20, 1, 1).data].join()"
    seen = []
    for key in ("Home", "End"):  # all edit, all source
        page.locator("#slider input").press(key)
        page.wait_for_timeout(300)
        seen.append(page.evaluate(colour))
    assert seen[0] != seen[1]


def test_what_to_type_for_the_same_result_is_on_the_page(server, open_page):
    page = open_page(server.url)
    page.locator("#jobs label").first.click()
    done(page)
    page.get_by_role("button", name="The same from a shell").click()
    expect(page.locator("#command")).to_contain_text("fairy edit hills.mp4 'make it night' -o hills-make-it-night.mp4")
    expect(page.locator("#program")).to_contain_text("fairy.edit_video(")


def test_an_upright_video_without_sound_on_a_phone(server, open_page, screenshot, portrait):
    page = open_page(server.url, PHONE)
    take(page, portrait)
    expect(page.locator("#clip-line")).to_contain_text("48x64")
    expect(page.locator("#clip-line")).to_contain_text("no sound")
    render(page, "make it snow")
    done(page)
    page.wait_for_function("document.querySelector('#slider video').videoWidth > 0")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    screenshot(page, "web-phone")


def test_variants_are_compared_and_come_back_with_their_settings(server, open_page, screenshot, portrait):
    page = open_page(server.url)
    take(page, portrait)
    set_up(page, Steps=1, Size=64)
    page.get_by_label("Instruction", exact=True).fill("make it a mosaic")
    page.locator("#try").click()
    expect(page.locator("#pairs img")).to_have_count(4, timeout=MINUTES)
    page.locator("#next-seed").click()
    expect(page.locator("#tried button")).to_have_count(2, timeout=MINUTES)
    screenshot(page, "web-variants")
    page.get_by_role("button", name="seed 0").click()
    expect(page.get_by_label("Seed").first).to_have_value("0")
    page.reload()
    expect(page.locator("#tried button")).to_have_count(2)
    expect(page.get_by_label("Instruction", exact=True)).to_have_value("make it a mosaic")


def test_a_render_is_found_again_cancelled_and_goes_on(server, open_page, screenshot, longer):
    page = open_page(server.url)
    take(page, longer)
    render(page, "make it a cartoon", **SLOW)
    frames_done(page, 2)
    page.reload()
    expect(page.locator("#job h3")).to_have_text("make it a cartoon")
    frames_done(page, 5)
    page.locator("#cancel").click()
    expect(page.locator("#job")).to_contain_text("What is done is kept")
    screenshot(page, "web-stopped")
    page.locator("#go-on").click()
    frames_done(page, 5)
    done(page)


def test_some_frames_are_rendered_again(server, open_page, portrait):
    page = open_page(server.url)
    take(page, portrait)
    render(page, "make it <b>night</b> ${1 + 1} {{2}}")  # words stay words
    done(page)
    expect(page.locator("#jobs")).to_contain_text("<b>night</b> ${1 + 1} {{2}}")
    before = page.locator("#slider figure").get_attribute("data-url")
    page.get_by_role("button", name="Render some frames again").click()
    page.locator("#first input").fill("20")
    page.locator("#redo").click()
    expect(page.locator("#again .error")).to_contain_text("the video has frames 0 to 11")
    page.locator("#first input").fill("3")
    page.locator("#last input").fill("5")
    page.locator("#redo").click()
    expect(page.locator("#slider figure")).not_to_have_attribute("data-url", before, timeout=MINUTES)
    page.get_by_role("button", name="The same from a shell").click()
    expect(page.locator("#command")).to_contain_text("--frames 3:6 --seed 1")


def test_bad_uploads_get_one_clear_line(server, open_page, screenshot, folder):
    page = open_page(server.url)
    (folder / "notes.txt").write_text("dear diary")
    (folder / "notes.mp4").write_text("dear diary")
    with (folder / "huge.mp4").open("wb") as file:
        file.truncate(4 << 30)  # takes no room on the disk
    upload(page, folder / "notes.txt")
    expect(page.get_by_text("Invalid file type: notes.txt")).to_be_visible()
    upload(page, folder / "huge.mp4")
    expect(page.get_by_text(re.compile("exceeds the maximum|too large|maximum allowed", re.I)).first).to_be_visible()
    upload(page, folder / "notes.mp4")
    expect(page.locator("#clip-line .error")).to_contain_text("notes.mp4 cannot be opened as a video")
    upload(page, make(folder / "long.mp4", num_frames=150))
    expect(page.locator("#clip-line .error")).to_contain_text("long.mp4 lasts 6.0 s; at most 5 s are accepted")
    page.locator("#render").click()
    expect(page.locator("#wish-line .error")).to_contain_text("Choose a video first")
    screenshot(page, "web-bad-upload")


def test_two_people_do_not_fight_over_the_device(server, open_page, longest, portrait):
    ann, bob = open_page(server.url), open_page(server.url)
    take(ann, longest)
    take(bob, portrait)
    render(ann, "make it a sketch", **SLOW)
    frames_done(ann, 1)
    set_up(bob, Steps=1, Size=64)
    bob.get_by_role("button", name="make it snow").click()  # a preview steps in between two frames
    expect(bob.locator("#pairs img")).to_have_count(4, timeout=MINUTES)
    bob.locator("#render").click()
    expect(bob.locator("#job")).to_contain_text("one job comes first")
    expect(ann.locator("#jobs")).to_contain_text("make it snow")
    ann.locator("#cancel").click()
    done(bob)
    expect(ann.locator("#job")).to_contain_text("Stopped")


def test_keys_are_enough(server, open_page):
    page = open_page(server.url)
    page.locator("#examples button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#clip-line")).to_contain_text("with sound")
    page.get_by_label("Instruction", exact=True).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText").startswith("Settings")


def test_jobs_outlive_a_killed_server(start_server, open_page, folder, longer):
    server = start_server("ui", "--quiet", "--folder", str(folder / "killed"))
    page = open_page(server.url)
    take(page, longer)
    render(page, "make it neon", **SLOW)
    frames_done(page, 5)
    server.kill()
    server.start()
    page = page.context.new_page()  # the old one may reload itself just now
    page.goto(server.url)
    expect(page.locator("#job")).to_contain_text("The server ended in the middle of this")
    page.locator("#go-on").click()
    done(page)
