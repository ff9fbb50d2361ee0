"""Small models for all tests: made once, then read."""

from pathlib import Path

import pytest

from fairy.models import Model, load
from tiny import build_sd_folder, build_sdxl_folder


def pytest_configure(config: pytest.Config) -> None:
    # diffusers' schedulers call np.array(tensor), for which torch lacks a keyword that NumPy 2 asks for.
    config.addinivalue_line(
        "filterwarnings", "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    )


@pytest.fixture(scope="session")
def sd_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sd_folder(tmp_path_factory.mktemp("sd"))


@pytest.fixture(scope="session")
def sdxl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sdxl_folder(tmp_path_factory.mktemp("sdxl"))


@pytest.fixture(scope="session")
def sd_model(sd_folder: Path) -> Model:
    return load(sd_folder, device="cpu")


@pytest.fixture(scope="session")
def sdxl_model(sdxl_folder: Path) -> Model:
    return load(sdxl_folder, device="cpu")
