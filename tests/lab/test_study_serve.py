"""The study's server: what a rater can fetch, and that it never says which method is which."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient as Client

from fairy.cli.main import main
from fairy.lab.study.forms import PAIRS
from fairy.lab.study.serve import create_app
from fairy.lab.study.store import Store
from fairy.serving.doors import Doors
from fairy.serving.listening import listen
from studies import METHODS, RESULTS, build, write_videos

HERE = "http://127.0.0.1"
DOORS = Doors.of("127.0.0.1")
COMPLETE = dict.fromkeys(PAIRS.question_keys, "left")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    write_videos(path)
    build(path)
    return path / "study"


@pytest.fixture
def store(folder: Path, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "study.sqlite").write_bytes((folder / "study.sqlite").read_bytes())
    (tmp_path / "media").symlink_to(folder / "media")
    with Store(tmp_path) as opened:
        yield opened


@pytest.fixture
def client(folder: Path, store: Store) -> Iterator[Client]:
    with Client(create_app(folder, store, DOORS), HERE) as opened:
        yield opened


def join(client: Client, name: str = "Ann") -> dict:
    assert client.post("/api/join", json={"name": name}).status_code == 200
    return client.get("/api/state").json()


def test_a_rater_goes_from_the_welcome_to_the_end(client: Client, store: Store) -> None:
    assert client.get("/api/state").json()["phase"] == "welcome"
    state = join(client)
    for position in range(6):
        assert (state["phase"], state["position"], state["answered"], state["total"]) == (
            "judge",
            position,
            position,
            6,
        )
        said = {"position": position, "answers": COMPLETE, "seconds": 2.5}
        assert client.post("/api/answers", json=said).status_code == 200
        state = client.get("/api/state").json()
    assert (state["phase"], state["open"]) == ("done", 0)
    assert len(store.votes()) == 6


def test_left_is_stored_as_the_result_that_stood_there(client: Client, store: Store) -> None:
    join(client)
    for position in range(6):
        shown = client.get(f"/api/state?position={position}").json()
        client.post("/api/answers", json={"position": position, "answers": COMPLETE, "seconds": 1})
        task = store.task(1, position)
        assert getattr(task.item, task.answers["overall"]) == shown["results"][0]
        assert client.get(f"/api/state?position={position}").json()["answers"] == COMPLETE


def test_no_method_reaches_a_rater(client: Client) -> None:
    """Everything that can be fetched: pages, answers, headers, the bytes of the media."""
    addresses = ["/", "/assets/study.css", "/assets/study.js", "/assets/sync.js", "/api/state", "/nothing"]
    fetched = [client.get(address) for address in addresses]
    states = [join(client), *(client.get(f"/api/state?position={position}").json() for position in range(7))]
    names = {name for state in states[:-1] for name in (state["source"], *state["results"])}
    fetched += [client.get(f"/media/{name}.{suffix}") for name in names for suffix in ("mp4", "jpg")]
    fetched += [client.post("/api/answers", json={}), client.post("/api/more", json={}), client.get("/api/state")]
    said = [repr(states).encode(), *(each.content + repr(each.headers).encode() for each in fetched)]
    secrets = [
        *METHODS,
        *(name for name in RESULTS if "--" in name),
        "first_method",
        "expected",
        "swapped",
        "study.sqlite",
    ]
    assert [secret for secret in secrets for part in said if secret.encode() in part] == []
    assert all(re.fullmatch(r"[0-9a-f]{24}", name) for name in names)


def test_a_check_looks_like_any_other_task(client: Client) -> None:
    join(client)
    states = [client.get(f"/api/state?position={position}").json() for position in range(6)]
    assert len({tuple(state) for state in states}) == 1


def test_every_response_forbids_what_is_not_its_own(client: Client) -> None:
    for address in ("/", "/api/state", "/nothing", "/media/x.mp4"):
        policy = client.get(address).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy


def test_page_asks_nothing_of_other_hosts(client: Client) -> None:
    texts = [client.get(address).text for address in ("/", "/assets/study.css", "/assets/study.js", "/assets/sync.js")]
    assert not any(re.search(r"https?://|//[a-z]+\.", text) for text in texts)


@pytest.mark.parametrize(
    "address",
    [
        "/media/..%2fstudy.sqlite",
        "/media/../study.sqlite",
        "/media/%2e%2e/study.sqlite",
        "/media/study.sqlite",
        "/assets/..%2fdemo.mp4",
        "/assets/demo.mp4",
        "/assets/%2e%2e%2fcli.py",
        "/study.sqlite",
        "/media/0123456789abcdef01234567.mp4",
    ],
)
def test_nothing_else_is_served(address: str, client: Client) -> None:
    assert client.get(address).status_code == 404


def test_answers_are_kept_as_they_are_given_and_count_when_the_page_is_done(client: Client, store: Store) -> None:
    join(client)
    draft = {"position": 0, "answers": {"overall": "left"}}
    assert client.post("/api/draft", json=draft).status_code == 200
    state = client.get("/api/state").json()
    assert (state["answers"], state["answered"], store.votes()) == ({"overall": "left"}, 0, [])
    client.post("/api/answers", json={"position": 0, "answers": COMPLETE, "seconds": 1})
    assert len(store.votes()) == 1
    assert client.post("/api/draft", json={"position": 0, "answers": {"overall": "first"}}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}],
)
def test_pages_of_others_get_nothing(client: Client, headers: dict) -> None:
    assert client.get("/api/state", headers=headers).status_code == 403
    assert client.post("/api/join", json={"name": "Eve"}, headers=headers).status_code == 403


def test_videos_come_in_parts(client: Client) -> None:
    name = join(client)["source"]
    whole = client.get(f"/media/{name}.mp4")
    part = client.get(f"/media/{name}.mp4", headers={"Range": "bytes=10-19"})
    assert (whole.headers["content-type"], part.status_code) == ("video/mp4", 206)
    assert part.content == whole.content[10:20]


def test_personal_link_goes_on_elsewhere(folder: Path, store: Store) -> None:
    app = create_app(folder, store, DOORS)
    with Client(app, HERE) as first, Client(app, HERE) as second:
        link = join(first)["link"]
        first.post("/api/answers", json={"position": 0, "answers": COMPLETE, "seconds": 1})
        assert second.get(link).status_code == 200
        assert second.get("/api/state").json()["position"] == 1
        assert second.get("/r/unknown", follow_redirects=False).headers["location"] == "/#unknown-link"


def test_who_joins_twice_stays_one_rater(client: Client, store: Store) -> None:
    assert join(client, "Ann")["link"] == join(client, "Bob")["link"]
    assert list(store.names().values()) == ["Ann"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 400),
        ({"position": 0, "answers": {"overall": "left"}, "seconds": 1}, 400),
        ({"position": 0, "answers": {**COMPLETE, "overall": "first"}, "seconds": 1}, 400),
        ({"position": 0, "answers": {**COMPLETE, "overall": ["left"]}, "seconds": 1}, 400),
        ({"position": 0, "answers": COMPLETE, "seconds": -1}, 400),
        ({"position": 0, "answers": COMPLETE, "seconds": "1"}, 400),
        ({"position": 6, "answers": COMPLETE, "seconds": 1}, 404),
        ({"position": -1, "answers": COMPLETE, "seconds": 1}, 404),
        ({"position": 10**30, "answers": COMPLETE, "seconds": 1}, 404),
        ([], 400),
    ],
)
def test_wrong_answers_are_refused(said: object, status: int, client: Client, store: Store) -> None:
    join(client)
    response = client.post("/api/answers", json=said)
    assert (response.status_code, set(response.json())) == (status, {"error"})
    assert store.votes() == []


def test_what_is_no_json_or_too_much_is_refused(client: Client) -> None:
    as_json = {"Content-Type": "application/json"}
    assert client.post("/api/join", content="name=Ann").status_code == 415
    assert client.post("/api/join", content="{", headers=as_json).status_code == 400
    assert client.post("/api/join", content="[" * 60_000, headers=as_json).status_code == 400
    assert client.post("/api/join", content=" " * 70_000, headers=as_json).status_code == 413
    assert client.post("/api/answers", json={}).status_code == 401
    assert client.get("/api/answers").status_code == 405


def test_a_port_that_is_taken_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert main(["lab", "study", "serve", str(folder), "--port", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"fairy: 127.0.0.1:{port} cannot be listened on (Address already in use). Choose another --port.\n"
    )


def test_missing_packages_are_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "fairy.lab.study.serve")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["lab", "study", "serve", str(folder)]) == 1
    assert capsys.readouterr().err == (
        "fairy: the study's server needs Starlette and uvicorn: pip install 'fairy-video[web]'\n"
    )
