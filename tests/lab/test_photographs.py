"""Photographs for training: what the table says, what a fetched folder adds, and how Qt's archives are read."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fairy.errors import UsageError
from fairy.lab.synthetic import catalogue, photographs
from fairy.lab.synthetic.photographs import fetched_path

SCRIPTS = Path(__file__).parents[2] / "scripts"
FREE = ("CC0-", "CC-BY-", "GPL-", "LGPL-", "public domain")


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    sys.modules.pop("fetch_photographs", None)
    import fetch_photographs

    return fetch_photographs


@pytest.fixture(autouse=True)
def no_folder(monkeypatch):
    monkeypatch.delenv("FAIRY_PHOTOGRAPHS", raising=False)


def test_every_photograph_is_free_and_has_a_name_of_its_own():
    known = catalogue()
    assert len(known) > 100
    assert len({photograph.name for photograph in known}) == len(known) == len({each.sha256 for each in known})
    assert all(photograph.licence.startswith(FREE) and photograph.author for photograph in known)
    assert {photograph.split for photograph in known} == {"train", "heldout"}


def test_wheels_alone_have_six_and_two():
    train, heldout = photographs("train"), photographs("heldout")
    assert all(photo.ndim == 3 and photo.dtype == np.uint8 and min(photo.shape[:2]) == 480 for photo in train + heldout)
    assert (len(train), len(heldout)) == (6, 2)


def test_a_fetched_folder_adds_those_of_the_split(tmp_path, monkeypatch):
    fetched = {each.split: each for each in catalogue() if not each.in_wheel}
    for value, photograph in enumerate(fetched.values()):
        Image.new("RGB", (640, 480), (100 * value, 0, 0)).save(fetched_path(tmp_path, photograph))
    monkeypatch.setenv("FAIRY_PHOTOGRAPHS", str(tmp_path))
    assert (len(photographs("train")), len(photographs("heldout"))) == (7, 3)
    assert not np.array_equal(photographs("train")[-1], photographs("heldout")[-1])


def test_a_folder_without_photographs_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match=r"fetch_photographs\.py"):
        photographs("train", tmp_path)


def test_the_page_lists_all_of_them(script):
    assert script.table() in (SCRIPTS.parent / "docs" / "lab" / "photographs.md").read_text(encoding="utf-8")


def test_files_of_a_resource_archive(script):
    """An archive of version 1: a folder with two files, the second of them compressed, which is left out."""
    names = b"".join(struct.pack(">HI", len(name), 0) + name.encode("utf-16-be") for name in ("", "a", "b.webp"))
    data = b"".join(struct.pack(">I", len(content)) + content for content in (b"picture", b"packed"))
    nodes = [(0, 2, 1, 1), (6, 2, 2, 2), (14, 0, 0, 0), (14, 1, 0, 11)]
    tree = b"".join(struct.pack(">IHII", *node) for node in nodes)
    header = b"qres" + struct.pack(">4I", 1, 20, 20 + len(tree), 20 + len(tree) + len(data))
    assert list(script.read_resources(header + tree + data + names)) == [("/a/b.webp", b"picture")]
