"""Tables that users write: what is read, and what is said of those that cannot be."""

from pathlib import Path

import pytest

from fairy.disk.rows import read_rows
from fairy.errors import UsageError


def read(folder: Path, content: bytes, name: str = "t.csv", **options: bool) -> list[tuple[str, dict[str, str]]]:
    (folder / name).write_bytes(content)
    return read_rows(folder / name, ("video", "note"), needed=("video",), **options)


def test_a_quoted_value_may_span_lines_and_the_place_is_its_last(tmp_path):
    rows = read(tmp_path, b'\xef\xbb\xbf Video ,note\r\na.mp4,"two\r\nlines"\r\nb.mp4\r\n')
    assert [(where.rpartition(" ")[2], row) for where, row in rows] == [
        ("3", {"video": "a.mp4", "note": "two\nlines"}),
        ("4", {"video": "b.mp4", "note": ""}),
    ]


def test_json_lines_may_hold_other_line_ends_and_nothing(tmp_path):
    rows = read(tmp_path, '{"video": "a\u2028b", "note": null}\n\n'.encode(), "t.jsonl")
    assert [row for _, row in rows] == [{"video": "a\u2028b", "note": ""}]


def test_columns_of_others_are_kept_if_wanted(tmp_path):
    assert read(tmp_path, b"video,By-Whom\na,me\n")[0][1]["by_whom"] == "me"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"\xff\xfe\x00", "cannot be read (it is no text in UTF-8)"),
        ("t.csv", b'video\n"a\n', "is no table with commas"),
        ("t.csv", b"video\na,b\n", "line 2: there is a value too many"),
        ("t.csv", b"video,remark\na,b\n", "line 2: remark: the columns are video, note"),
        ("t.csv", b"", "holds no row"),
        ("t.jsonl", b'{"video": 3}', "line 1: video: must be a text, not 3"),
        ("t.jsonl", b"\n[]", "line 2: must be an object"),
        ("t.jsonl", b"{", "line 1: no JSON"),
        ("t.txt", b"", "must be a .csv with a header or a .jsonl file"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, name, content, said):
    with pytest.raises(UsageError) as error:
        read(tmp_path, content, name, strict=True)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"--list .*gone\.csv: cannot be read \(No such file"):
        read_rows(tmp_path / "gone.csv", ("video",), needed=("video",), option="--list")
