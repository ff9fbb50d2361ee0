"""The web page's server: what programs can do over its API, and what it refuses. No browser here."""

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from gradio_client import Client, handle_file

import fairy
from clips import make
from fairy.errors import UsageError
from fairy.web import WebConfig, serve

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "web-api.md"
ANN = {"x-fairy-visitor": "the secret of a program"}
QUICK = {"num_steps": 1, "long_side": 64, "seed": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="module")
def clip_file(folder):
    return make(folder / "clip.mp4", num_frames=12)


@pytest.fixture(scope="module")
def url(folder, sd_folder):
    (folder / "models").mkdir()
    (folder / "models" / "tiny").symlink_to(sd_folder)
    limits = {"max_megabytes": 1, "max_seconds": 2, "max_pixels": 640 * 480}
    config = WebConfig(port=0, folder=folder / "kept", models=folder / "models", device="cpu", **limits)
    with serve(config) as url:
        yield url


@pytest.fixture(scope="module")
def client(url, folder):
    return Client(url, verbose=False, download_files=str(folder / "downloads"), headers=ANN)


@pytest.fixture(scope="module")
def settings(folder):
    return {**QUICK, "model": str(folder / "models" / "tiny")}


@pytest.fixture(scope="module")
def clip(client, clip_file):
    return client.predict(handle_file(str(clip_file)), api_name="/upload_video")


def test_frames_are_rendered_again_over_the_api(client, clip, settings):
    job = finished(client, client.predict(clip, "make it snow", settings, api_name="/render")["number"])
    for wrong, says in (
        (("3", 5, {}), "whole numbers"),
        ((3, 5, {"sed": 1}), "changes have"),
        ((3, 99, {}), "0 to 11"),
    ):
        with pytest.raises(Exception, match=says):
            client.predict(job["number"], *wrong, api_name="/redo")
    client.predict(job["number"], 3, 5, {"seed": 7}, api_name="/redo")
    assert "--frames 3:5 --seed 7" in finished(client, job["number"])["command"]


def finished(client, number):
    while (job := client.predict(number, api_name="/job"))["state"] in ("waiting", "running"):
        time.sleep(0.05)
    return job


def status_of(url, path, **options):
    try:
        with urllib.request.urlopen(urllib.request.Request(url.rstrip("/") + path, **options)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_program_gets_an_edited_video(client, clip, settings):
    pictures = client.predict(clip, "make it night", settings, api_name="/preview")["shown"]
    assert [shown["index"] for shown in pictures if shown["anchor"]] == [0, 6, 11]
    assert len(client.predict(clip, api_name="/preview_pictures")) == len(pictures)
    job = client.predict(clip, "make it night", settings, api_name="/render")
    job = finished(client, job["number"])
    video = client.predict(job["number"], api_name="/download_video")
    assert job["state"] == "done"
    assert Path(video).stat().st_size > 1000
    assert job["number"] in [each["number"] for each in client.predict(api_name="/jobs")]


@pytest.mark.usefixtures("clip_file")
def test_the_example_in_the_docs_runs(url, folder, monkeypatch):
    (program,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(folder)
    names = {}
    exec(program.replace("http://127.0.0.1:7860", url), names)
    assert fairy.info(names["video"])["instruction"] == "make it night"


def test_plain_http_is_enough(url, clip, settings):
    body = json.dumps({"data": [clip, "make it night", settings]}).encode()
    address = f"{url}gradio_api/call/render"
    request = urllib.request.Request(address, body, {"content-type": "application/json", **ANN})
    event = json.load(urllib.request.urlopen(request))["event_id"]
    answer = urllib.request.urlopen(f"{address}/{event}").read().decode()
    assert "event: complete" in answer
    assert json.loads(answer.split("data: ")[1])[0]["output"] == "clip-make-it-night.mp4"


@pytest.mark.parametrize(
    ("make_it", "says"),
    [
        (lambda folder: folder / "notes.txt", "notes.txt cannot be opened as a video"),
        (lambda folder: make(folder / "long.mp4", num_frames=60), "long.mp4 lasts 2.4 s; at most 2 s are accepted"),
        (lambda folder: make(folder / "wide.mp4", size=(1280, 320), num_frames=2), "1280x320 pixels; at most 307,200"),
    ],
)
def test_a_bad_upload_gets_one_clear_line(client, folder, make_it, says):
    (folder / "notes.txt").write_text("dear diary")
    with pytest.raises(Exception, match=says) as refused:
        client.predict(handle_file(str(make_it(folder))), api_name="/upload_video")
    assert str(folder / "kept") not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"seed": -1}, "Seed -1: must lie in"),
        ({"sed": 1}, "no setting 'sed'"),
        ({"seed": "one"}, "must be a number"),
        ({"model": "/etc"}, "is not offered here"),
        ({"lora": "/etc/passwd"}, "is not offered here"),
        ({"long_side": 4096}, "at most 1024"),
        (["seed"], "must be an object"),
    ],
)
def test_bad_settings_get_one_clear_line(client, clip, settings, says):
    with pytest.raises(Exception, match=says):
        client.predict(clip, "make it night", settings, api_name="/render")


@pytest.mark.parametrize("number", ["../..", "0123456789abcdef", "", "*", "0123456789abcdef/../.."])
def test_a_number_leads_nowhere_else(client, number):
    with pytest.raises(Exception, match=r"no number|not here any more"):
        client.predict(number, "make it night", {}, api_name="/render")


def test_nothing_but_outputs_is_served(url, folder, clip, clip_file):
    kept = folder / "kept"
    (copy,) = (kept / "private" / clip).glob("*.mp4")
    private = [copy, kept / "private" / clip / "clip.json", clip_file, Path("/etc/passwd"), Path(__file__)]
    ways = [str(path) for path in private]
    ways += [f"{kept}/served/../private/{clip}/clip.json", f"{kept}/served/..%2fprivate/{clip}/clip.json"]
    ways += ["../../../../etc/passwd", "..%2f..%2f..%2fetc/passwd", "%2e%2e/%2e%2e/etc/passwd", "//etc/passwd"]
    ways += [f"{kept}/served", f"{kept}/served/../private/{clip}", "file:///etc/passwd", "~/.bashrc"]
    for way in ways:
        for prefix in ("/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/"):
            assert status_of(url, prefix + way) in (400, 403, 404, 405), prefix + way


def test_an_output_is_served(url, client, folder):
    number = client.predict("hills.mp4", api_name="/example_video")
    card = folder / "kept" / "served" / "examples" / "card-hills.webp"
    assert status_of(url, f"/gradio_api/file={quote(str(card))}") == 200
    assert len(number) == 16


def test_no_file_that_was_not_uploaded_comes_in(url):
    for path in ("/etc/passwd", "https://example.com/clip.mp4"):
        body = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
        address = f"{url}gradio_api/call/upload_video"
        request = urllib.request.Request(address, json.dumps(body).encode(), {"content-type": "application/json"})
        event = json.load(urllib.request.urlopen(request))["event_id"]
        assert "event: error" in urllib.request.urlopen(f"{address}/{event}").read().decode()


def test_the_server_fetches_nothing(url):
    assert status_of(url, "/gradio_api/file=https://example.com/") == 403
    assert status_of(url, "/gradio_api/proxy=https://example.com/") == 403


def test_four_gigabytes_are_refused_before_they_are_sent(url):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.putrequest("POST", "/gradio_api/upload")
    connection.putheader("content-type", "multipart/form-data; boundary=x")
    connection.putheader("content-length", str(4 << 30))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, b"at most 1 MB" in answer.read()) == (413, True)
    connection.close()


def test_an_upload_that_hides_its_length_is_refused(url):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    head = b'--x\r\ncontent-disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n'
    body = (part for part in [head, *[bytes(1 << 18)] * 8, b"\r\n--x--\r\n"])
    connection.request("POST", "/gradio_api/upload", body, {"content-type": "multipart/form-data; boundary=x"})
    assert connection.getresponse().status in (400, 413, 500)
    connection.close()


def test_the_browser_is_told_to_load_nothing_from_elsewhere(url):
    with urllib.request.urlopen(url) as answer:
        assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"host": "0.0.0.0"}, "protect it with --auth"),
        ({"auth": "ann"}, "USER:PASSWORD_FILE"),
        ({"auth": "ann:/no/such/file"}, "cannot be read"),
        ({"port": 70000}, "--port 70000: must lie in 0..65535"),
        ({"max_seconds": 0}, "--max-seconds 0: must lie in"),
    ],
)
def test_bad_server_settings_get_one_clear_line(given, says):
    with pytest.raises(UsageError, match=says):
        WebConfig(**given)
