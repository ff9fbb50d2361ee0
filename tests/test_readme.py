"""The README tells the truth: its Python runs, its tree is whole, its links lead somewhere."""

import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_of_the_readme_runs():
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    frames = np.random.default_rng(0).integers(0, 256, (120, 16, 24, 3), np.uint8)
    names = {"frames": frames}
    exec(compile(program, "README.md", "exec"), names)
    assert names["edited"].shape == (16, 24, 3)


def test_the_tree_of_the_readme_names_every_file():
    files = {path.name for path in (ROOT / "src" / "fairy").rglob("*.py")}
    assert [name for name in sorted(files) if f" {name} " not in README] == []


def test_the_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
