"""The README tells the truth: its Python runs, its links lead somewhere, its pictures are small enough to be played."""

import re
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_of_the_readme_runs():
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    frames = np.random.default_rng(0).integers(0, 256, (120, 16, 24, 3), np.uint8)
    names = {"frames": frames}
    exec(compile(program, "README.md", "exec"), names)
    assert names["edited"].shape == (16, 24, 3)


def test_the_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_moving_picture_is_one_that_a_browser_plays_at_once():
    (name,) = re.findall(r"!\[.*?\]\((.*?)\)", README)
    with Image.open(ROOT / name) as picture:
        assert picture.n_frames > 1
    assert (ROOT / name).stat().st_size < 1_500_000
