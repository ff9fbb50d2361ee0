"""Texts and folders that appear whole or not at all."""

from contextlib import nullcontext

import pytest

from fairy.disk.whole import check_files, check_new_folder, new_folder, write_text
from fairy.errors import OutputError


def test_a_text_replaces_the_former_and_leaves_nothing_beside_it(tmp_path):
    for text in ("old", "new\n"):
        write_text(tmp_path / "deep" / "a.txt", text)
    assert [path.read_text() for path in (tmp_path / "deep").iterdir()] == ["new\n"]


def test_a_folder_takes_the_place_of_the_former(tmp_path):
    for name in ("old", "new"):
        with new_folder(tmp_path / "results") as fresh:
            (fresh / name).touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["results", "new"]


def test_a_folder_that_fails_leaves_the_former(tmp_path):
    (tmp_path / "results").mkdir()
    with pytest.raises(OutputError, match="No such file"), new_folder(tmp_path / "results") as fresh:
        (fresh / "half" / "deep").touch()
    assert list(tmp_path.rglob("*")) == [tmp_path / "results"]


def test_what_the_system_refuses_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written: "):
        write_text(tmp_path / "file" / "a.txt", "")
    with pytest.raises(OutputError, match="cannot be written: "), new_folder(tmp_path / "file" / "results"):
        pass


@pytest.mark.parametrize(
    ("names", "overwrite", "said"),
    [
        (["own"], False, r"exists already\. Choose another folder, or overwrite"),
        (["own", "thesis.txt"], True, "thesis.txt is not of an earlier gallery, and would be lost"),
        (["own"], True, None),
        ([], False, None),
    ],
)
def test_only_a_folder_of_the_same_kind_is_replaced(tmp_path, names, overwrite, said):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(OutputError, match=said) if said else nullcontext():
        check_new_folder(tmp_path, overwrite, "gallery", lambda path: path.name == "own")


def test_files_that_are_there_are_told_before_any_work(tmp_path):
    (tmp_path / "b.csv").touch()
    with pytest.raises(OutputError, match=r"b\.csv exists already"):
        check_files(tmp_path, ("a.csv", "b.csv"), overwrite=False)
    with pytest.raises(OutputError, match="is a file, not a folder"):
        check_files(tmp_path / "b.csv", ("a.csv",), overwrite=False)
