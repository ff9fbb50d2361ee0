"""What can be loaded without a download: the embedded model and what the hub cache holds. No torch, so it is quick."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CacheNotFound, constants, scan_cache_dir

from fairy.config import EMBEDDED
from fairy.errors import ModelError
from fairy.models.defaults import Defaults
from fairy.models.folder import INDEX, ModelFolder, check_complete, open_folder

HERE = Path(__file__).parent


@dataclass(frozen=True)
class ModelEntry:
    """One model on this machine."""

    name: str  # what `load` takes
    path: Path
    num_bytes: int  # on disk
    defaults: Defaults
    restriction: str  # what the licence of its weights forbids; empty where nothing is known


def built_in(name: str) -> bool:
    """Whether a model of this name comes with the package. Such a name never means a folder."""
    return name == EMBEDDED or name.startswith(f"{EMBEDDED}-")


def built_in_models() -> list[str]:
    """Their names, the default first."""
    return sorted(path.parent.name.replace("_", "-") for path in HERE.glob(f"{EMBEDDED}*/{INDEX}"))


def open_built_in(name: str) -> ModelFolder:
    """A model that comes with this package."""
    path = HERE / name.replace("-", "_")
    if not path.is_dir():
        known = built_in_models()
        if EMBEDDED not in known:
            raise ModelError("The embedded model is missing from this installation. Install fairy-video anew.")
        raise ModelError(f"There is no model {name!r} in this package; there is {' and '.join(known)}.")
    return open_folder(path, name)


def list_models() -> list[ModelEntry]:
    """Those of this package first, then the hub cache's editors by name."""
    return [_entry(folder) for folder in (*map(open_built_in, built_in_models()), *_cached_folders())]


def _entry(folder: ModelFolder) -> ModelEntry:
    num_bytes = sum((folder.path / file).stat().st_size for file in folder.files())
    return ModelEntry(folder.name, folder.path, num_bytes, folder.defaults, folder.family.restriction(folder))


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
