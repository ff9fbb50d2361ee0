"""What can be loaded without a download: the embedded model and what the hub cache holds. No torch, so it is quick."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CacheNotFound, constants, scan_cache_dir

from fairy.config import EMBEDDED
from fairy.errors import ModelError
from fairy.models.defaults import Defaults
from fairy.models.folder import ModelFolder, check_complete, open_folder

EMBEDDED_FOLDER = Path(__file__).parent / "embedded"


@dataclass(frozen=True)
class ModelEntry:
    """One model on this machine."""

    name: str  # what `load` takes
    path: Path
    num_bytes: int  # on disk
    defaults: Defaults


def open_embedded() -> ModelFolder:
    """The model that comes with this package."""
    if not EMBEDDED_FOLDER.is_dir():
        raise ModelError("The embedded model is missing from this installation. Install fairy-video anew.")
    return open_folder(EMBEDDED_FOLDER, EMBEDDED)


def list_models() -> list[ModelEntry]:
    """The embedded model first, then the hub cache's InstructPix2Pix models by name."""
    return [_entry(open_embedded()), *(_entry(folder) for folder in _cached_folders())]


def _entry(folder: ModelFolder) -> ModelEntry:
    num_bytes = sum((folder.path / file).stat().st_size for file in folder.files())
    return ModelEntry(folder.name, folder.path, num_bytes, folder.defaults)


def _cached_folders() -> list[ModelFolder]:
    try:
        repos = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return []
    folders = []
    for repo in sorted(repos, key=lambda repo: repo.repo_id):
        revision = repo.refs.get("main")
        if repo.repo_type != "model" or revision is None:
            continue
        try:
            folder = open_folder(revision.snapshot_path, repo.repo_id)
            check_complete(folder, half=True)
        except ModelError:  # most of a cache is models of other kinds
            continue
        folders.append(folder)
    return folders
