"""What all tests share and only read: small models, and a Ray of this machine, which takes seconds to start."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from fairy.models import Model, load
from tiny import build_sd_folder, build_sdxl_folder
from tiny_flux2 import build_klein_folder
from tiny_kontext import build_kontext_folder
from tiny_qwen import build_qwen_folder

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    # diffusers' schedulers hand tensors to NumPy, for which torch lacks two keywords that NumPy 2 asks for.
    for hook in ("__array__ implementation doesn't accept a copy", "__array_wrap__ must accept context"):
        config.addinivalue_line("filterwarnings", f"ignore:{hook}:DeprecationWarning")
    # Gradio's queue uses two things of pandas that are on their way out.
    for use in ("'future.no_silent_downcasting' is deprecated", "The copy keyword is deprecated"):
        config.addinivalue_line("filterwarnings", f"ignore:{use}:DeprecationWarning")
    # torch's compiler imports its own old one.
    config.addinivalue_line("filterwarnings", "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What Fairy keeps between two starts lies in a folder of these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def sd_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sd_folder(tmp_path_factory.mktemp("sd"))


@pytest.fixture(scope="session")
def sdxl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sdxl_folder(tmp_path_factory.mktemp("sdxl"))


@pytest.fixture
def copied_folder(sd_folder: Path, tmp_path: Path) -> Path:
    """A copy of the small model that a test may change."""
    return Path(shutil.copytree(sd_folder, tmp_path / "copy"))


@pytest.fixture(scope="session")
def sd_model(sd_folder: Path) -> Model:
    return load(sd_folder, device="cpu")


@pytest.fixture(scope="session")
def sdxl_model(sdxl_folder: Path) -> Model:
    return load(sdxl_folder, device="cpu")


@pytest.fixture(scope="session")
def klein_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_klein_folder(tmp_path_factory.mktemp("klein"))


@pytest.fixture(scope="session")
def klein_base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_klein_folder(tmp_path_factory.mktemp("klein-base"), distilled=False)


@pytest.fixture(scope="session")
def klein_model(klein_folder: Path) -> Model:
    return load(klein_folder, device="cpu")


@pytest.fixture(scope="session")
def kontext_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_kontext_folder(tmp_path_factory.mktemp("kontext"))


@pytest.fixture(scope="session")
def kontext_model(kontext_folder: Path) -> Model:
    return load(kontext_folder, device="cpu")


@pytest.fixture(scope="session")
def qwen_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_qwen_folder(tmp_path_factory.mktemp("qwen"))


@pytest.fixture(scope="session")
def qwen_model(qwen_folder: Path) -> Model:
    return load(qwen_folder, device="cpu")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As edits compute on the CPU."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def ray() -> Iterator[ModuleType]:
    """A Ray of this machine, whose workers can import what lies beside this file."""
    import ray

    from fairy.parallel import cluster

    cluster.CORES_A_WORKER = 1  # several sets of workers at once
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        "local",
        num_cpus=8,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        runtime_env={"env_vars": {"PYTHONPATH": f"{HERE / 'support'}:{HERE.parent / 'src'}", "OMP_NUM_THREADS": "1"}},
    )
    yield ray
    ray.shutdown()
