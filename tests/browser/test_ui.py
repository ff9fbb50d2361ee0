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
    return start_server("ui", "--quiet", "--folder", str(folder / "kept"), "--max-seconds", "20")


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
    """Not done before another person has tried and begun something."""
    return make(folder / "longest.mp4", num_frames=110)


def upload(page: Page, path) -> None:
    page.locator("#upload input[type=file]").set_input_files(path)


def set_up(page: Page, **settings: int) -> None:
    """Numbers into the boxes of the settings, by their labels."""
    page.get_by_role("button", name="Expert").click()
    for label, value in settings.items():
        box = page.locator(f"input[aria-label='number input for {label.replace('_', ' ')}']")
        box.fill(str(value))
        box.press("Tab")
    page.get_by_role("button", name="Expert").click()


def take(page: Page, path) -> None:
    """Upload a clip that is accepted."""
    upload(page, path)
    expect(page.locator("#clip-line")).to_contain_text("frames")


def write(page: Page, instruction: str) -> None:
    page.get_by_label("Instruction", exact=True).fill(instruction)
    expect(page.locator("#try")).to_be_enabled()


def render(page: Page, instruction: str, **settings: int) -> None:
    """Begin to render with quick settings, unless others are named."""
    set_up(page, **{"Steps": 1, "Size_the_model_works_at": 64, **settings})
    write(page, instruction)
    page.locator("#render").click()
    expect(page.locator("#bar")).to_contain_text(instruction)


def done(page: Page) -> None:
    expect(page.locator("#job .good")).to_contain_text("Done", timeout=MINUTES)


def frames_done(page: Page, least: int) -> None:
    """Wait until so many frames are edited."""
    page.wait_for_function(
        "least => { const m = /(\\d+) of \\d+ frames/.exec(document.querySelector('#bar').innerText);"
        " return m && +m[1] >= least; }",
        arg=least,
        timeout=MINUTES,
    )


def playing(page: Page) -> None:
    page.wait_for_function("document.querySelector('#stage video').videoWidth > 0")


def test_the_first_screen_shows_what_the_page_does(server, open_page, states):
    page = open_page(server.url)
    expect(page.locator("#examples img")).to_have_count(5)
    playing(page)
    page.wait_for_function("!document.querySelector('#stage video').paused")
    assert page.locator("#stage canvas").bounding_box()["y"] < 200
    for button in ("#try", "#render", "#next-seed"):
        expect(page.locator(button)).to_be_disabled()
    expect(page.locator("footer:visible")).to_have_count(1)
    page.wait_for_function("[...document.querySelectorAll('#examples img')].every(image => image.naturalWidth)")
    states(page, "web-start")


def test_three_clicks_give_an_edited_video(server, open_page, states, folder):
    page = open_page(server.url)
    page.get_by_role("button", name="Cat: make it snow").click()
    expect(page.locator("#clip-line")).to_contain_text("24 frames")
    expect(page.locator("#pairs img")).to_have_count(4, timeout=MINUTES)  # ready-made, or tried at once
    page.get_by_role("button", name="make it sunset", exact=True).click()
    expect(page.locator("#tried button")).to_have_count(2, timeout=MINUTES)
    expect(page.locator("#render.primary")).to_have_text(re.compile(r"about \d+ (seconds|minutes), 512x320"))
    expect(page.locator("#try.primary")).to_have_count(0)
    page.locator("#variant-line").scroll_into_view_if_needed()
    states(page, "web-tried")
    page.locator("#render").click()
    expect(page.locator("#pairs")).to_be_hidden()  # folded away
    expect(page.locator("#stage img")).to_be_visible(timeout=MINUTES)
    expect(page.locator("#bar")).to_contain_text("left", timeout=MINUTES)
    assert re.match(r"\d+ % - Fairy", page.title())
    states(page, "web-rendering")
    done(page)
    playing(page)
    expect(page).to_have_title("Done - Fairy")
    expect(page.locator("#stage canvas")).to_be_in_viewport()
    page.wait_for_timeout(800)
    states(page, "web-result")
    with page.expect_download() as download:
        page.locator("#download").click()
    download.value.save_as(folder / "sunset.mp4")
    assert download.value.suggested_filename == "cat-make-it-sunset.mp4"
    assert (len(probe(folder / "sunset.mp4")), probe(folder / "sunset.mp4").width) == (24, 512)
    page.get_by_role("button", name="The same from a shell").click()
    expect(page.locator("#command")).to_have_text(
        re.compile(r"fairy edit cat.mp4 'make it sunset' -o cat-make-it-sunset.mp4\s*$")
    )
    slider_moves(page)


def slider_moves(page: Page) -> None:
    colour = "[...document.querySelector('#stage canvas').getContext('2d').getImageData(20, 20, 1, 1).data].join()"
    seen = []
    for key in ("Home", "End"):  # all edit, all source
        page.locator("#stage input").press(key)
        page.wait_for_timeout(300)
        seen.append(page.evaluate(colour))
    assert seen[0] != seen[1]


def test_an_upright_video_without_sound_on_a_phone(server, open_page, portrait):
    page = open_page(server.url, PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    take(page, portrait)
    expect(page.locator("#clip-line")).to_contain_text("48x64")
    expect(page.locator("#clip-line")).to_contain_text("no sound")
    render(page, "make it snow")
    done(page)
    playing(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_variants_are_compared_and_come_back_with_their_settings(server, open_page, states, portrait):
    page = open_page(server.url)
    take(page, portrait)
    set_up(page, Steps=1, Size_the_model_works_at=64)
    write(page, "frobnicate the wug")
    page.locator("#try").click()
    expect(page.locator("#pairs img")).to_have_count(4, timeout=MINUTES)
    expect(page.locator("#variant-line .warn")).to_contain_text("frobnicate")
    states(page, "web-unknown-words")
    page.locator("#next-seed").click()
    expect(page.locator("#tried button")).to_have_count(2, timeout=MINUTES)
    expect(page.locator("#next-seed")).to_have_text("Another variation (now 1)")
    page.get_by_role("button", name="variation 0").click()
    expect(page.locator("#next-seed")).to_have_text("Another variation")
    page.reload()
    expect(page.locator("#tried button")).to_have_count(2)
    expect(page.get_by_label("Instruction", exact=True)).to_have_value("frobnicate the wug")
    page.get_by_role("button", name="Choose another video").click()
    page.get_by_role("button", name="Coffee").click()
    page.get_by_role("button", name="Expert").click()
    expect(page.locator("input[aria-label='number input for Steps']")).not_to_have_value("1")  # default settings


def test_a_click_during_a_try_replaces_it_and_a_reload_shows_it(server, open_page, longer):
    page = open_page(server.url)
    take(page, longer)
    set_up(page, **SLOW, Size_the_model_works_at=64)
    page.get_by_role("button", name="make it night", exact=True).click()
    expect(page.locator("#variant-line")).to_contain_text("make it night")
    page.get_by_role("button", name="make it a mosaic").click()
    expect(page.locator("#variant-line")).to_contain_text("make it a mosaic")
    page.reload()
    expect(page.locator("#variant-line")).to_contain_text("make it a mosaic")
    expect(page.locator("#pairs img")).to_have_count(4, timeout=MINUTES)
    expect(page.locator("#tried button")).to_have_count(0)  # the first was never finished


def test_a_render_is_found_again_cancelled_and_goes_on(server, open_page, states, longer):
    page = open_page(server.url)
    take(page, longer)
    render(page, "make it a cartoon", **SLOW)
    frames_done(page, 2)
    page.reload()
    expect(page.locator("#bar")).to_contain_text("make it a cartoon")
    frames_done(page, 5)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#bar")).to_contain_text(re.compile("Stopping after this frame|Stopped at"), timeout=2000)
    expect(page.locator("#bar")).to_contain_text(re.compile(r"Stopped at \d+ %, \d+ of 24 frames"))
    states(page, "web-stopped")
    page.get_by_role("button", name="Continue").click()
    frames_done(page, 5)
    done(page)


def test_some_frames_are_rendered_again(server, open_page, portrait):
    page = open_page(server.url)
    take(page, portrait)
    render(page, "make it <b>night</b> ${1 + 1} {{2}}")  # words stay words
    done(page)
    expect(page.locator("#jobs")).to_contain_text("<b>night</b> ${1 + 1} {{2}}")
    before = page.locator("#stage figure").first.get_attribute("data-url")
    page.get_by_role("button", name="Render some frames again").click()
    expect(page.locator("#strip button")).to_have_count(12)
    page.locator("#first input").fill("20")
    page.locator("#redo").click()
    expect(page.locator("#again .error")).to_contain_text("the video has frames 0 to 11")
    page.locator("#strip button").nth(3).click()
    expect(page.locator("#last input")).to_have_value("3")
    page.locator("#strip button").nth(5).click()
    expect(page.locator("#last input")).to_have_value("5")
    page.locator("#redo").click()
    expect(page.locator("#stage figure").first).not_to_have_attribute("data-url", before, timeout=MINUTES)
    page.get_by_role("button", name="The same from a shell").click()
    expect(page.locator("#command")).to_contain_text("--frames 3:6 --seed 1")


def test_bad_uploads_get_one_clear_line(server, open_page, states, folder):
    page = open_page(server.url, quietly=False)  # the browser itself tells of an upload that was refused
    (folder / "notes.mp4").write_text("dear diary")
    with (folder / "huge.mp4").open("wb") as file:
        file.truncate(4 << 30)  # takes no room on the disk
    upload(page, folder / "huge.mp4")
    expect(page.get_by_text(re.compile("exceeds the maximum|too large|maximum allowed", re.I)).first).to_be_visible()
    page.reload()
    upload(page, folder / "notes.mp4")
    expect(page.locator("#clip-line .error")).to_contain_text("notes.mp4 cannot be opened as a video")
    expect(page.locator("[role=alert]:visible")).to_have_count(1)
    states(page, "web-bad-upload")
    upload(page, make(folder / "long.mp4", num_frames=550))
    expect(page.locator("#clip-line .error")).to_contain_text("long.mp4 lasts 22.0 s; at most 20 s are accepted")
    expect(page.locator("#render")).to_be_disabled()


def test_of_a_long_clip_the_first_seconds_are_rendered(server, open_page, folder):
    page = open_page(server.url)
    take(page, make(folder / "sixteen.mp4", num_frames=400))
    write(page, "make it snow")
    expect(page.locator("#part")).to_be_visible()
    expect(page.locator("#render")).to_have_text("Render 0 to 10 s")


def test_two_people_share_the_device_and_see_their_own(server, open_page, longest, portrait):
    ann, bob = open_page(server.url), open_page(server.url)
    take(ann, longest)
    take(bob, portrait)
    render(ann, "make it a sketch", **SLOW)
    frames_done(ann, 1)
    set_up(bob, Steps=1, Size_the_model_works_at=64)
    bob.get_by_role("button", name="make it snow", exact=True).click()  # a preview steps in between two frames
    expect(bob.locator("#pairs img")).to_have_count(4, timeout=MINUTES)
    bob.locator("#render").click()
    expect(bob.locator("#bar")).to_contain_text("one job comes first")
    expect(bob.locator("#jobs label")).to_have_count(1)
    ann.get_by_role("button", name="Cancel").click()
    done(bob)
    expect(ann.locator("#bar")).to_contain_text("Stopped")


def test_keys_are_enough_and_everything_has_a_name(server, open_page):
    page = open_page(server.url)
    page.get_by_role("button", name="Cube, with sound").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#clip-line")).to_contain_text("with sound")
    expect(page.locator("#try")).to_be_enabled()
    page.get_by_label("Instruction", exact=True).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText").startswith("Try")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    nameless = """[...document.querySelectorAll('button, input, textarea, select, a[href], video, canvas')].filter(
      (each) => each.offsetParent && !(each.innerText || each.getAttribute('aria-label') || each.title
        || each.labels?.length || each.querySelector('img[alt]:not([alt=""])') || each.type === 'file'))
      .map((each) => each.outerHTML.slice(0, 120))"""
    assert page.evaluate(nameless) == []


def test_jobs_outlive_a_killed_server(start_server, open_page, folder, longer):
    server = start_server("ui", "--quiet", "--folder", str(folder / "killed"))
    page = open_page(server.url, quietly=False)
    take(page, longer)
    render(page, "make it neon", **SLOW)
    frames_done(page, 5)
    server.kill()
    expect(page.locator("#bar .fairy-lost-line")).to_be_visible()
    server.start()
    page = page.context.new_page()  # the old one may reload itself just now
    page.goto(server.url)
    expect(page.locator("#bar")).to_contain_text("The server ended in the middle of this")
    page.get_by_role("button", name="Continue").click()
    done(page)
