"""What may come in at the page's doors: names, sizes, seconds, bytes of a body, and nothing that is to be fetched."""

import asyncio
import struct

import pytest
from gradio import processing_utils

from clips import make
from fairy.errors import UsageError
from fairy.serving.doors import Doors
from fairy.web.attempts import Attempts
from fairy.web.limits import check_upload
from fairy.web.security import ROOM_FOR_HEADERS, Guard, fetch_nothing
from fairy.web.settings import WebConfig
from fairy.web.shelf import check_number

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    "number",
    [
        "../0123456789abc",
        "0123456789abcde",
        "0123456789abcdef0",
        "0123456789ABCDEF",
        "0123456789abcdef/..",
        3,
        None,
        "",
    ],
)
def test_a_number_leads_nowhere_else(number):
    with pytest.raises(UsageError, match="is no number of a video or job here"):
        check_number(number)


def test_a_number_of_ours_is_taken():
    assert check_number("0123456789abcdef") == "0123456789abcdef"


class Reader:
    """An application that reads all that it gets."""

    def __init__(self):
        self.num_bytes, self.gone = 0, False

    async def __call__(self, scope, receive, send):  # noqa: ARG002
        while True:
            message = await receive()
            self.gone = message["type"] == "http.disconnect"
            self.num_bytes += len(message.get("body", b""))
            if self.gone or not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})


def asked(path, *parts, room=1 << 40, method="POST", **headers):
    """(status, what read the body) of a request in parts."""
    reader, answers = Reader(), []
    guard = Guard(reader, doors=Doors.of("127.0.0.1"), max_bytes=MEGABYTE, room=lambda: room, attempts=Attempts())
    given = {"host": "127.0.0.1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 5),
    }

    async def receive():
        return messages.pop(0)

    async def send(message):
        answers.append(message)

    asyncio.run(guard(scope, receive, send))
    return answers[0]["status"], reader


def test_an_upload_that_hides_its_length_ends_where_it_is_too_long():
    _, reader = asked("/gradio_api/upload", *[bytes(MEGABYTE // 2)] * 8)
    assert reader.gone
    assert reader.num_bytes <= MEGABYTE + ROOM_FOR_HEADERS


def test_a_body_within_the_limit_comes_whole():
    status, reader = asked("/gradio_api/upload", *[bytes(MEGABYTE // 4)] * 4)
    assert (status, reader.num_bytes, reader.gone) == (200, MEGABYTE, False)


def test_an_upload_that_says_its_length_is_refused_before_it_comes():
    status, reader = asked("/gradio_api/upload", bytes(9), content_length=str(3 * MEGABYTE))
    assert (status, reader.num_bytes) == (413, 0)


@pytest.mark.parametrize(("room", "said"), [(0, "1"), (-5, "1"), (MEGABYTE // 4, str(2 * MEGABYTE))])
def test_where_there_is_no_room_no_upload_is_read(room, said):
    status, reader = asked("/gradio_api/upload", bytes(9), room=room, content_length=said)
    assert (status, reader.num_bytes) == (413, 0)


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/file=https://evil.example/a", "/file=http://10.0.0.1/", "/gradio_api/proxy=https://evil.example/"],
)
def test_the_server_is_asked_for_nothing_from_elsewhere(path):
    status, reader = asked(path, method="GET")
    assert (status, reader.num_bytes) == (403, 0)


def test_files_of_its_own_are_served():
    assert asked("/gradio_api/file=/tmp/a.mp4", method="GET")[0] == 200


def test_gradio_itself_fetches_nothing(monkeypatch):
    monkeypatch.setattr(processing_utils, "async_ssrf_protected_download", None)
    fetch_nothing()
    with pytest.raises(ValueError, match="not fetched from elsewhere"):
        asyncio.run(processing_utils.async_ssrf_protected_download("https://evil.example/a.mp4", "/tmp"))


def config(tmp_path, **limits):
    return WebConfig(folder=tmp_path / "web", **limits)


def test_seconds_are_counted_behind_a_header_that_lies(tmp_path):
    path = make(tmp_path / "a.mkv", num_frames=75)
    content = path.read_bytes()
    place = content.index(b"\x44\x89\x88") + 3  # Matroska's Duration: eight bytes of a float, in milliseconds
    path.write_bytes(content[:place] + struct.pack(">d", 400.0) + content[place + 8 :])
    check_upload(path, config(tmp_path, max_seconds=4))
    with pytest.raises(UsageError, match=r"lasts 3\.0 s; at most 2 s"):
        check_upload(path, config(tmp_path, max_seconds=2))


def test_frames_are_counted_only_so_far(tmp_path):
    path = make(tmp_path / "a.mkv", pts=range(300), num_frames=300, size=(16, 16))
    content = path.read_bytes()
    place = content.index(b"\x44\x89\x88") + 3
    path.write_bytes(content[:place] + struct.pack(">d", 400.0) + content[place + 8 :])
    with pytest.raises(UsageError, match="has more than 240 frames"):
        check_upload(path, config(tmp_path, max_seconds=1))


def test_more_bytes_than_are_accepted_are_refused(tmp_path):
    path = make(tmp_path / "a.mp4", num_frames=2)
    path.write_bytes(path.read_bytes() + bytes(MEGABYTE))
    with pytest.raises(UsageError, match="at most 1 MB are accepted"):
        check_upload(path, config(tmp_path, max_megabytes=1))
    assert len(check_upload(path, config(tmp_path, max_megabytes=2))) == 2


def test_more_pixels_than_are_accepted_are_refused(tmp_path):
    path = make(tmp_path / "a.mp4", num_frames=2, size=(128, 64))
    with pytest.raises(UsageError, match=r"128x64 pixels; at most 4,096 a frame"):
        check_upload(path, config(tmp_path, max_pixels=4096))
