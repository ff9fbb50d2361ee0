"""What attackers and other visitors get of the page: nothing. No browser here."""

import json
import os
import stat
import time
import urllib.error
import urllib.request
from inspect import iscoroutinefunction, signature

import pytest
from gradio import Blocks, processing_utils
from gradio_client import Client, handle_file

from clips import make
from fairy.errors import UsageError
from fairy.web import WebConfig, serve
from fairy.web.settings import MOST_CHARACTERS, wish_of
from fairy.web.studio import Studio

EVIL = "http://evil.example"
ENDPOINTS = ("upload_video", "example_video", "preview", "render", "redo", "job", "jobs", "cancel", "go_on")
PROGRAM = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("security")


@pytest.fixture(scope="module")
def url(folder):
    with serve(WebConfig(port=0, folder=folder / "kept", device="cpu")) as url:
        yield url


def client(url, secret, **more):
    return Client(url, verbose=False, headers={"x-fairy-visitor": secret}, **more)


@pytest.fixture(scope="module")
def ann(url, folder):
    return client(url, "the secret of Ann", download_files=str(folder / "ann"))


@pytest.fixture(scope="module")
def bob(url):
    return client(url, "the secret of Bob")


@pytest.fixture(scope="module")
def job(ann, folder):
    """A finished one of Ann's."""
    clip = ann.predict(handle_file(str(make(folder / "a.mp4", num_frames=4))), api_name="/upload_video")
    settings = {"num_steps": 1, "long_side": 64, "num_anchors": 2}
    job = ann.predict(clip, "make it night", settings, api_name="/render")
    while job["state"] in ("waiting", "running"):
        time.sleep(0.05)
        job = ann.predict(job["number"], api_name="/job")
    assert job["state"] == "done"
    return job


def ask(url, path, body=None, **headers):
    """(status, headers, body) of an answer; headers are written with _ in place of -."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url.rstrip("/") + path, body, given)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, b""  # what was sent is not read by the server, so it may just hang up


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info", "/theme.css", "/gradio_api/heartbeat/abc"])
def test_under_a_foreign_name_nothing_is_given(url, path):
    assert ask(url, path, host="evil.example")[0] == 403


@pytest.mark.parametrize("foreign", [{"origin": EVIL}, {"sec_fetch_site": "cross-site"}, {"origin": "null"}])
@pytest.mark.parametrize(
    ("path", "body"),
    [("/gradio_api/call/jobs", b'{"data": []}'), ("/gradio_api/queue/join", b"{}"), ("/gradio_api/upload", b"")],
)
def test_pages_of_others_write_nothing(url, path, body, foreign):
    assert ask(url, path, body, **PROGRAM, **foreign)[0] == 403


def test_no_answer_is_open_to_pages_of_others(url):
    for origin in (url.rstrip("/"), EVIL):
        for path in ("/config", "/gradio_api/info"):
            assert [
                name for name in ask(url, path, origin=origin)[1] if name.lower().startswith("access-control")
            ] == []


def test_each_visitor_sees_their_own_jobs(ann, bob, job):
    assert [each["number"] for each in ann.predict(api_name="/jobs")] == [job["number"]]
    assert bob.predict(api_name="/jobs") == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("job", ()), ("cancel", ()), ("go_on", ()), ("download_video", ()), ("redo", (0, 2, {}))],
)
def test_nobody_does_anything_with_the_job_of_another(bob, job, name, words):
    with pytest.raises(Exception, match=r"(?i)this job is not here"):
        bob.predict(job["number"], *words, api_name=f"/{name}")


@pytest.mark.parametrize("words", [("preview", "snow", {}), ("render", "snow", {}), ("preview_pictures",)])
def test_nor_with_the_video_of_another(bob, job, words):
    with pytest.raises(Exception, match=r"(?i)this video is not here"):
        bob.predict(job["clip"], *words[1:], api_name=f"/{words[0]}")


def test_a_program_without_a_name_is_a_visitor_as_long_as_its_session(url, folder):
    program = Client(url, verbose=False)
    clip = make(folder / "b.mp4", num_frames=4)
    number = program.predict(handle_file(str(clip)), api_name="/upload_video")
    with pytest.raises(Exception, match=r"(?i)nothing was tried"):
        program.predict(number, api_name="/preview_pictures")
    with pytest.raises(Exception, match=r"(?i)this video is not here"):
        Client(url, verbose=False).predict(number, api_name="/preview_pictures")


def test_where_it_is_shared_everybody_sees_all(tmp_path):
    studio = Studio(WebConfig(folder=tmp_path, shared=True))
    from fairy.web.visit import Visit

    number = Visit(studio, "ann").take_example("demo.mp4")
    assert Visit(studio, "bob").clip(number).num_frames == 24


def test_a_browser_gets_a_cookie_that_travels_with_own_requests_only(url):
    cookie = ask(url, "/")[1]["set-cookie"]
    assert {"httponly", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}
    assert ask(url, "/", cookie=cookie.partition(";")[0])[1]["set-cookie"] is None


@pytest.mark.usefixtures("url")
def test_folders_are_for_their_owner_only(folder):
    for name in ("private", "served"):
        assert stat.S_IMODE((folder / "kept" / name).stat().st_mode) == 0o700


def test_uploads_have_a_quota_together(tmp_path):
    studio = Studio(WebConfig(folder=tmp_path, max_total_megabytes=1))
    studio.take_example("demo.mp4")
    (studio.shelf.served / "upload").mkdir()
    (studio.shelf.served / "upload" / "large.mp4").write_bytes(bytes(1 << 20))
    assert studio.room() < 0
    with pytest.raises(UsageError, match="no room"):
        studio.take_example("demo.mp4")


def test_what_never_became_a_video_goes_within_an_hour(tmp_path):
    studio = Studio(WebConfig(folder=tmp_path))
    clip = studio.take_example("demo.mp4")
    studio.playable(clip)
    studio.asset("first.mp4")
    for name, age in (("0" * 64, 3000), ("1" * 64, 0)):
        folder = studio.shelf.served / name
        folder.mkdir()
        (folder / "clip.mp4").write_bytes(b"sent")
        for path in (folder / "clip.mp4", folder):
            os.utime(path, (time.time() - age,) * 2)
    assert studio.shelf.sweep_uploads(time.time() - 2400) == ["0" * 64]
    assert {path.name for path in studio.shelf.served.iterdir()} == {clip, "examples", "1" * 64}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, True, "1", [1], {}])
@pytest.mark.parametrize("name", ["text_guidance", "num_steps", "lora_scale"])
def test_a_number_is_a_finite_number(name, value):
    with pytest.raises(UsageError, match="must be a number"):
        wish_of("make it night", {name: value})


def test_an_instruction_is_not_endless():
    assert wish_of("x" * MOST_CHARACTERS, {}).instruction
    with pytest.raises(UsageError, match=r"has 1,001 characters; at most 1,000"):
        wish_of("x" * (MOST_CHARACTERS + 1), {})


ODD = (
    None,
    [],
    {},
    [None] * 4,
    ["", "", {}],
    [{"path": 3}],
    ["a" * 16, 3, [1]],
    [[[]], "x", {"seed": 10**400}],
    7,
    "x",
)
NAN = b'{"data": ["0123456789abcdef", "x", {"text_guidance": NaN, "seed": Infinity}]}'


@pytest.mark.parametrize("name", ENDPOINTS)
def test_any_json_gets_one_line_and_no_traceback(url, name, capfd):
    for body in (*(json.dumps({"data": odd}).encode() for odd in ODD), NAN, b"[]", b"7", b"{", b"null", b"{}"):
        status, _, answer = ask(url, f"/gradio_api/call/{name}", body, **PROGRAM)
        if status == 200:
            answer = ask(url, f"/gradio_api/call/{name}/{json.loads(answer)['event_id']}")[2]
        assert b"Traceback" not in answer, body
        assert b".py" not in answer, body
    assert "Traceback" not in capfd.readouterr().err


def test_the_private_parts_of_gradio_are_where_they_were():
    assert iscoroutinefunction(processing_utils.async_ssrf_protected_download)
    assert list(signature(processing_utils.async_ssrf_protected_download).parameters) == ["url", "cache_dir"]
    assert iscoroutinefunction(Blocks.process_api)
