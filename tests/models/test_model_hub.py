"""Models from the hub: a stand-in for it on localhost, its cache, and what is said without a network."""

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from fairy.errors import ModelError
from fairy.models import Model, catalog, list_models, load
from fairy.models.hub import is_hub_id

REPO = "someone/small-editor"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's protocol as a download of public files needs."""

    def __init__(self, folder: Path, asked: list[str], *args: object) -> None:
        self.folder, self.asked = folder, asked
        super().__init__(*args)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        files = [path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()]
        path = self.path.split("?")[0]
        if path.startswith(f"/api/models/{REPO}/tree/"):
            sizes = {file: (self.folder / file).stat().st_size for file in files}
            entries = [{"type": "file", "path": file, "size": size, "oid": "0" * 40} for file, size in sizes.items()]
            self.reply(200, json.dumps(entries).encode())
        elif path.startswith(f"/api/models/{REPO}"):
            siblings = [{"rfilename": file} for file in files]
            self.reply(200, json.dumps({"id": REPO, "sha": COMMIT, "siblings": siblings}).encode())
        elif path.startswith(f"/{REPO}/resolve/"):
            file = path.split("/", 5)[5]
            self.asked.append(file)
            self.reply(200, (self.folder / file).read_bytes())
        elif path.startswith("/api/models/someone/gated"):
            self.reply(403, b"", {"X-Error-Code": "GatedRepo"})
        elif path.startswith("/api/models/someone/broken"):
            self.reply(400, b"")
        else:
            self.reply(404, b"", {"X-Error-Code": "RepoNotFound"})

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        common = {"Content-Length": str(len(body)), "X-Repo-Commit": COMMIT, "Content-Type": "application/json"}
        etag = {"ETag": f'"{hashlib.sha1(body).hexdigest()}"'}
        for name, value in (common | etag | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.setattr(constants, name, str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def asked(cache: Path, copied_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A hub that holds the small model; the list of the files that were asked of it."""
    assert not list(cache.iterdir())
    files: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, copied_folder, files))
    Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield files
    server.shutdown()
    server.server_close()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_download_equals_the_folder_and_is_kept(
    asked: list[str], sd_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(REPO, device="cpu")
    assert torch.equal(first.denoiser.conv_in.weight, sd_model.denoiser.conv_in.weight)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    asked.clear()
    assert load(REPO, device="cpu").folder.path == first.folder.path
    assert asked == []


def test_only_what_is_read_is_downloaded(asked: list[str], copied_folder: Path) -> None:
    unused = (
        "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "old-model.safetensors",
    )
    for file in unused:
        (copied_folder / file).write_bytes(b"")
    load(REPO, device="cpu")
    assert not set(asked) & set(unused)


def test_weights_of_an_unfit_model_are_not_downloaded(asked: list[str], copied_folder: Path) -> None:
    config = copied_folder / "unet" / "config.json"
    config.write_text(config.read_text().replace('"in_channels": 8', '"in_channels": 4'))
    with pytest.raises(ModelError, match=f"{REPO} is a text-to-image model"):
        load(REPO, device="cpu")
    assert not any(file.endswith(".safetensors") for file in asked)


@pytest.mark.usefixtures("asked")
def test_interrupted_download_goes_on() -> None:
    path = load(REPO, device="cpu").folder.path
    (path / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    assert load(REPO, device="cpu").folder.path == path


@pytest.mark.usefixtures("asked")
def test_lora_from_the_hub(copied_folder: Path, sd_folder: Path) -> None:
    name = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    tensors = {f"{name}.lora_A.weight": torch.ones(2, 64), f"{name}.lora_B.weight": torch.ones(64, 2)}
    save_file(tensors, copied_folder / "snow.safetensors")
    for lora in (REPO, f"{REPO}/snow.safetensors"):
        changed = load(sd_folder, device="cpu", lora=lora)
        before = load_file(sd_folder / "unet" / "diffusion_pytorch_model.safetensors")[f"{name[5:]}.weight"]
        assert torch.allclose(changed.denoiser.get_submodule(name[5:]).weight - before, torch.tensor(2.0))


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("repo", "reason"),
    [("someone/nothing", "has no model"), ("someone/gated", "accept its terms"), ("someone/broken", r"error \(400\)")],
)
def test_what_the_hub_refuses(repo: str, reason: str) -> None:
    with pytest.raises(ModelError, match=rf"^[^\n]*{reason}[^\n]*$"):
        load(repo, device="cpu")


@pytest.mark.usefixtures("cache")
def test_unreachable_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=rf"^[^\n]*cannot be reached[^\n]*hf download {REPO}[^\n]*$"):
        load(REPO, device="cpu")


@pytest.mark.usefixtures("cache", "offline")
def test_offline_mode_is_respected() -> None:
    with pytest.raises(ModelError, match=rf"HF_HUB_OFFLINE is set.*hf download {REPO}"):
        load(REPO, device="cpu")


@pytest.mark.usefixtures("asked")
def test_list_has_the_editors_of_the_cache_and_nothing_else(cache: Path) -> None:
    load(REPO, device="cpu")
    other = cache / "models--someone--else" / "snapshots" / COMMIT
    other.mkdir(parents=True)
    (other / "config.json").write_text("{}")
    assert [entry.name for entry in list_models()] == [*catalog.built_in_models(), REPO]


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("timbrooks/instruct-pix2pix", True),
        ("a/b/c", False),
        ("./a", False),
        ("../a", False),
        ("a b/c", False),
        ("a", False),
    ],
)
def test_hub_ids(name: str, accepted: bool) -> None:
    assert is_hub_id(name) is accepted
