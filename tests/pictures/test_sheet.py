"""The pictures of pictures: sizes, places, labels, and how they are saved."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fairy.disk.whole import check_picture, save_png
from fairy.errors import OutputError
from fairy.pictures.sheet import GROUND, caption, contact_sheet, grid, side_by_side, side_by_side_size, tile


def noise(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def contains(sheet: np.ndarray, picture: np.ndarray) -> bool:
    """Whether the picture is in the sheet, pixel for pixel."""
    height, width = picture.shape[:2]
    starts = np.argwhere((sheet == picture[0, 0]).all(axis=2))
    return any(np.array_equal(sheet[y : y + height, x : x + width], picture) for y, x in starts)


def test_side_by_side_holds_both_pictures_untouched():
    left, right = noise(1), noise(2)
    both = side_by_side(left, right)
    np.testing.assert_array_equal(both[:48, :64], left)
    np.testing.assert_array_equal(both[:48, -64:], right)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (63, 47), (2, 2), (47, 64)])
def test_side_by_side_size_foretells_even_sides(width: int, height: int):
    both = side_by_side(noise(1, height, width), noise(2, height, width))
    assert both.shape[1::-1] == side_by_side_size(width, height)
    assert both.shape[0] % 2 == both.shape[1] % 2 == 0


def test_tiles_run_left_to_right_then_down():
    pictures = [np.full((10, 20, 3), level, np.uint8) for level in (50, 100, 150)]
    tiles = tile(pictures, num_columns=2)
    assert [tiles[5, 5, 0], tiles[5, -5, 0], tiles[-5, 5, 0]] == [50, 100, 150]
    assert tuple(tiles[-5, -5]) == GROUND


def test_captions_are_below_the_pictures_and_of_one_height():
    pictures = [noise(1, 96, 128), noise(2, 96, 128)]
    short, long = caption(pictures, ["source", "an instruction that needs more than one line"])
    np.testing.assert_array_equal(short[:96], pictures[0])
    assert short.shape == long.shape
    assert not (long[96:] == GROUND).all()


def test_contact_sheet_shows_every_frame_pixel_for_pixel():
    rows = [(f"frame {i}", noise(2 * i), noise(2 * i + 1)) for i in range(5)]
    sheet = contact_sheet(rows, title="make it night")
    assert all(contains(sheet, picture) for _, *pair in rows for picture in pair)


def test_contact_sheet_of_many_frames_is_no_ribbon():
    rows = [("frame", noise(0), noise(1))] * 40
    height, width, _ = contact_sheet(rows, title="make it night").shape
    assert height < 2 * width


def test_a_long_title_is_wrapped_and_not_cut_off():
    rows = [("frame 0", noise(0), noise(1))]
    short, long = (contact_sheet(rows, title=title) for title in ("snow", "make it snow " * 20))
    assert long.shape[0] > short.shape[0]
    assert (long[:, -10:] == GROUND).all()


def test_a_title_without_spaces_is_wrapped_too():
    sheet = contact_sheet([("frame 0", noise(0), noise(1))], title="W" * 100)
    assert (sheet[:, -10:] == GROUND).all()


def test_grid_shows_every_column():
    pictures = [noise(i) for i in range(4)]
    sheet = grid(["source", "night", "snow", "sketch"], [("frame 0", pictures)], title="demo\ndetails")
    assert all(contains(sheet, picture) for picture in pictures)


def test_saved_png_is_lossless_and_alone(tmp_path: Path):
    picture = noise(0)
    save_png(tmp_path / "sheet.png", picture)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "sheet.png")), picture)
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


@pytest.mark.parametrize(
    ("name", "line"),
    [("there.png", "--overwrite"), ("a.jpg", ".png"), ("no/a.png", "does not exist"), ("d.png", "is a")],
)
def test_a_picture_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, name: str, line: str):
    (tmp_path / "there.png").touch()
    (tmp_path / "d.png").mkdir()
    with pytest.raises(OutputError, match=line):
        check_picture(tmp_path / name, overwrite=False)
