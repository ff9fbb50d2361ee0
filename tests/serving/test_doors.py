"""Who may ask a server: its own page, under a name of its own."""

import pytest

from fairy.errors import UsageError
from fairy.serving.doors import Doors
from fairy.serving.listening import listen

OWN = {"host": "127.0.0.1:7860"}


def asked(doors, method="GET", **headers):
    """The reason of a refusal; headers are written with _ in place of -."""
    return doors.refusal(method, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:7860", "[::1]:7860", "fairy.lan", "LOCALHOST:80", "proxy.org"]
)
def test_own_names_are_let_in(host):
    assert asked(Doors.of("fairy.lan", ["Proxy.org"]), host=host) == ""


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "192.168.1.5", "localhost.", "[::1", "a@b:c"]
)
def test_foreign_names_are_not(host):
    assert "--public-name" in asked(Doors.of("127.0.0.1"), host=host)


def test_who_listens_everywhere_answers_to_plain_addresses_but_not_to_names():
    doors = Doors.of("0.0.0.0")
    assert asked(doors, host="192.168.1.5:7860") == ""
    assert asked(doors, host="evil.example") != ""


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:3000"},  # another server of this machine
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": "http://127.0.0.1:7860"},
    ],
)
def test_pages_of_others_are_refused(method, headers):
    assert "its own page only" in asked(Doors.of("127.0.0.1"), method, **OWN, **headers)


@pytest.mark.parametrize("headers", [{}, {"sec_fetch_site": "same-origin"}, {"origin": "http://127.0.0.1:7860"}])
def test_the_own_page_and_programs_are_let_in(headers):
    assert asked(Doors.of("127.0.0.1"), "POST", **OWN, **headers) == ""


def test_a_link_on_a_foreign_page_opens_the_page_but_its_forms_send_nothing():
    foreign = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    assert asked(Doors.of("127.0.0.1"), "GET", **OWN, **foreign) == ""
    assert asked(Doors.of("127.0.0.1"), "POST", **OWN, **foreign) != ""


def test_a_proxy_may_ask_under_another_name_than_the_browser_shows():
    headers = {**OWN, "origin": "https://fairy.example"}
    assert asked(Doors.of("127.0.0.1", ["fairy.example"]), "POST", **headers) == ""
    assert asked(Doors.of("127.0.0.1"), "POST", **headers) != ""


def test_a_port_that_cannot_be_gets_one_clear_line():
    with pytest.raises(UsageError, match=r"must lie in 0\.\.65535"):
        listen("127.0.0.1", 70_000)
