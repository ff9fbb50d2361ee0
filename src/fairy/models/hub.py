"""Models and LoRAs on the Hugging Face hub: from its cache where they are complete, else downloaded. No torch here.

The cache is asked first and believed, so that a model once downloaded needs no network and never changes by itself.
"""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from huggingface_hub import HfApi, constants, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HTTPError, RepositoryNotFoundError
from huggingface_hub.file_download import repo_folder_name

from fairy.errors import ModelError
from fairy.models.folder import (
    INDEX,
    SMALL,
    IncompleteModelError,
    ModelFolder,
    check_complete,
    open_folder,
    select_weights,
)

TIMEOUT_SECONDS = 10
T = TypeVar("T")


def is_hub_id(name: str) -> bool:
    """Whether `name` has the form owner/name."""
    part = r"[A-Za-z0-9_]([\w.-]*[A-Za-z0-9_])?"
    return len(name) <= 96 and "--" not in name and ".." not in name and bool(re.fullmatch(rf"{part}/{part}", name))


def fetch_model(repo_id: str, *, half: bool) -> ModelFolder:
    """The diffusers folder of `repo_id` in the hub cache, downloaded as far as it is missing.

    Only what Fairy reads is downloaded, and the weights only once the configuration has been found fit; `half` prefers
    16-bit weights.
    """
    index = try_to_load_from_cache(repo_id, INDEX)
    if isinstance(index, str) and (cached := _open_complete(Path(index).parent, repo_id, half)):
        return cached
    files = list_files(repo_id)
    if INDEX not in files:
        raise ModelError(f"{repo_id} on the hub is no diffusers model: {INDEX} is missing. See `fairy models`.")
    small = [file for file in files if file.endswith(SMALL) and file.count("/") < 2]
    folder = open_folder(download(repo_id, small), repo_id)
    weights = [select_weights(folder, files, component, half=half) for component in folder.weighted]
    download(repo_id, [file for chosen in weights for file in chosen.files])
    return folder


def fetch_file(repo_id: str, pick: Callable[[list[str]], str]) -> Path:
    """One file of `repo_id`, chosen by `pick` from those in the cache or, where there are none, from the hub's."""
    cached = _cached_files(repo_id)
    file = pick(cached) if cached else pick(list_files(repo_id))
    known = try_to_load_from_cache(repo_id, file)
    return Path(known) if isinstance(known, str) else download(repo_id, [file]) / file


def list_files(repo_id: str) -> list[str]:
    """The files of a model on the hub."""
    siblings = _ask(repo_id, lambda: HfApi().model_info(repo_id, timeout=TIMEOUT_SECONDS).siblings)
    return [sibling.rfilename for sibling in siblings or ()]


def download(repo_id: str, files: Iterable[str]) -> Path:
    """Bring `files` into the hub cache; the folder that holds them."""
    return Path(_ask(repo_id, lambda: snapshot_download(repo_id, allow_patterns=list(files))))


def _cached_files(repo_id: str) -> list[str]:
    repo = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo_id, repo_type="model")
    revision = repo / "refs" / constants.DEFAULT_REVISION
    if not revision.is_file():
        return []
    snapshot = repo / "snapshots" / revision.read_text(encoding="utf-8").strip()
    return [path.name for path in snapshot.glob("*.safetensors")]


def _open_complete(path: Path, repo_id: str, half: bool) -> ModelFolder | None:
    try:
        folder = open_folder(path, repo_id)
        check_complete(folder, half=half)
    except IncompleteModelError:
        return None
    return folder


def _ask(repo_id: str, request: Callable[[], T]) -> T:
    """Whatever can go wrong between here and the hub, as one line that says what to do."""
    page = f"https://huggingface.co/{repo_id}"
    try:
        return request()
    except GatedRepoError as error:
        raise ModelError(
            f"{repo_id} is gated: accept its terms at {page}, then log in with `hf auth login`."
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelError(f"The hub has no model {repo_id}, or it is private: log in with `hf auth login`.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no status"
        raise ModelError(f"The hub answered with an error ({status}) for {repo_id}. Try again later.") from error
    except (HTTPError, OSError) as error:
        offline = constants.HF_HUB_OFFLINE
        reason = "HF_HUB_OFFLINE is set" if offline else "the hub cannot be reached"
        raise ModelError(
            f"{repo_id} is not on this machine as safetensors and {reason}. Where there is a network run "
            f"`hf download {repo_id}`, copy the cache ({os.environ.get('HF_HOME') or '~/.cache/huggingface'}) and "
            "set HF_HOME to it; or give a local folder."
        ) from error
