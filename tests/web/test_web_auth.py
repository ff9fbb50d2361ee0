"""The web page asks for a name and a password where it is told to, and gives nothing away before."""

import urllib.error
import urllib.request

import pytest
from gradio_client import Client

from fairy.errors import OutputError
from fairy.web import WebConfig, serve


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("auth")


@pytest.fixture(scope="module")
def url(folder):
    (folder / "password").write_text("open sesame\n")
    with serve(WebConfig(port=0, folder=folder / "kept", auth=f"ann:{folder / 'password'}")) as url:
        yield url


def test_the_right_name_and_password_come_in(url):
    client = Client(url, auth=("ann", "open sesame"), verbose=False)
    assert len(client.predict("demo.mp4", api_name="/example_video")) == 16


@pytest.mark.usefixtures("url")
def test_two_servers_do_not_share_a_folder(folder):
    with pytest.raises(OutputError, match="another fairy"), serve(WebConfig(port=0, folder=folder / "kept")):
        pass


@pytest.mark.parametrize("login", [("ann", "wrong"), ("bob", "open sesame"), ("", ""), ("ann", "")])
def test_others_do_not(url, login):
    with pytest.raises(Exception, match=r"(?i)credentials|log|auth"):
        Client(url, auth=login, verbose=False)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("config", None),
        ("gradio_api/info", None),
        ("gradio_api/openapi.json", None),
        (f"gradio_api/file={__file__}", None),
        ("gradio_api/upload", b""),
        ("gradio_api/call/jobs", b'{"data": []}'),
    ],
)
def test_nothing_is_given_before(url, path, body):
    request = urllib.request.Request(url + path, body, {"content-type": "application/json"})
    with pytest.raises(urllib.error.HTTPError, match=r"401|403"):
        urllib.request.urlopen(request)


@pytest.mark.parametrize("path", ["openapi.json", "docs", "redoc", "gradio_api/openapi.json"])
def test_what_there_is_to_call_is_not_told_before(url, path):
    try:
        told = urllib.request.urlopen(url + path).read()
    except urllib.error.HTTPError as error:
        told = error.read()
    assert b"upload_video" not in told
    assert b'"paths"' not in told


def test_the_cookie_of_the_login_does_not_travel_with_requests_of_other_pages(url):
    body = b"username=ann&password=open+sesame"
    cookies = urllib.request.urlopen(urllib.request.Request(url + "login", body)).headers.get_all("set-cookie")
    assert len([each for each in cookies if "access-token" in each]) == 2
    assert all("samesite=lax" in each.lower() for each in cookies)
