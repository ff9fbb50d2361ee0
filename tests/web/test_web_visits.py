"""Whose videos and jobs are whose, and who may look into the folder: without a browser and without a server."""

import stat

import pytest

from fairy.errors import UsageError
from fairy.web.settings import WebConfig
from fairy.web.studio import Studio
from fairy.web.visit import Visit


def test_a_visit_sees_its_own_only(tmp_path):
    studio = Studio(WebConfig(folder=tmp_path))
    number = Visit(studio, "ann").take_example("demo.mp4")
    assert Visit(studio, "ann").clip(number).num_frames == 24
    with pytest.raises(UsageError, match="not here any more"):
        Visit(studio, "bob").clip(number)


def test_folders_are_closed_to_others(tmp_path):
    Studio(WebConfig(folder=tmp_path / "kept"))
    for name in ("private", "served"):
        assert stat.S_IMODE((tmp_path / "kept" / name).stat().st_mode) == 0o700
