"""Masks from files and by comparison; what is outside of one stays the source's own, bit for bit."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import make
from fairy.errors import MediaError, UsageError
from fairy.jobs.delivery import Delivery
from fairy.jobs.masks import Blend, open_mask
from fairy.lab.synthetic import edit_clip, render_clip
from fairy.pictures.blend import auto_mask, composite, feathered
from fairy.video import Frame, VideoInfo, probe, read_at

SEED = 0  # a scene with objects apart from each other


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(make(tmp_path_factory.mktemp("masks") / "source.mp4", size=(64, 48), num_frames=6))


def save(path: Path, picture: np.ndarray) -> Path:
    Image.fromarray(picture).save(path)
    return path


def right_half(size: tuple[int, int] = (64, 48)) -> np.ndarray:
    mask = np.zeros((size[1], size[0]), np.uint8)
    mask[:, size[0] // 2 :] = 255
    return mask


def test_composite_takes_source_and_edit_bit_for_bit() -> None:
    source, edited = np.random.default_rng(0).integers(0, 256, (2, 8, 6, 3), np.uint8)
    mask = np.zeros((8, 6), np.float32)
    mask[:, 3:] = 1
    assert (composite(source, edited, mask) == np.where(mask[..., None] == 1, edited, source)).all()


def test_composite_mixes_between() -> None:
    black, white = np.zeros((1, 3, 3), np.uint8), np.full((1, 3, 3), 200, np.uint8)
    mixed = composite(black, white, np.array([[0, 0.25, 1]], np.float32))
    assert mixed[..., 0].tolist() == [[0, 50, 200]]


@pytest.mark.parametrize("pixels", [0, 1, 4, 9])
def test_a_feather_grows_inwards(pixels: int) -> None:
    mask = np.zeros((5, 40), np.float32)
    mask[:, 10:] = 1
    ramp = feathered(mask, pixels)[2]
    assert (ramp[:10] == 0).all()
    assert (ramp[10 + pixels :] == 1).all()
    assert np.allclose(np.diff(ramp[9 : 11 + pixels]), 1 / (pixels + 1))


def test_a_feather_never_exceeds_the_mask() -> None:
    mask = np.random.default_rng(1).random((20, 30), np.float32)
    assert (feathered(mask, 3) <= mask + 1e-6).all()


def test_a_feather_is_round() -> None:
    mask = np.ones((61, 61), np.float32)
    mask[30, 30] = 0
    y, x = np.nonzero(feathered(mask, 20) < 1)
    assert 0.85 < len(y) / (np.pi * 20**2) < 1.2
    assert abs(np.hypot(y - 30, x - 30).max() - 20) < 2.5


def test_one_picture_serves_all_frames(tmp_path: Path, source: VideoInfo) -> None:
    mask = open_mask(save(tmp_path / "mask.png", right_half()), source, feather=0)
    masks = list(mask.at(range(2, 5), (64, 48)))
    assert len(masks) == 3
    assert all(((m == 1) == (right_half() == 255)).all() for m in masks)


def test_a_video_gives_each_frame_its_own_mask(tmp_path: Path, source: VideoInfo) -> None:
    def moving(index: int, size: tuple[int, int]) -> np.ndarray:
        picture = np.zeros((size[1], size[0], 3), np.uint8)
        picture[:, 8 * index : 8 * index + 16] = 255
        return picture

    clip = make(tmp_path / "mask.mp4", num_frames=6, image=moving, options={"crf": "20"})
    mask = open_mask(clip, source, feather=0)
    for index, found in zip((1, 4), mask.at([4, 1], (64, 48)), strict=True):
        columns = found[24]
        assert (columns[8 * index + 2 : 8 * index + 14] == 1).all()
        assert (np.delete(columns, range(8 * index - 3, 8 * index + 19)) == 0).all()


def test_a_mask_is_scaled_with_clean_black_and_white(tmp_path: Path, source: VideoInfo) -> None:
    mask = open_mask(save(tmp_path / "mask.png", right_half((640, 480))), source, feather=0)
    (found,) = mask.at([0], (96, 72))
    assert (found[:, :46] == 0).all()
    assert (found[:, 50:] == 1).all()


def test_black_leaves_the_source_and_white_takes_the_edit(tmp_path: Path, source: VideoInfo) -> None:
    own, edited = np.random.default_rng(0).integers(0, 256, (2, 48, 64, 3), np.uint8)
    for level, expected in ((0, own), (255, edited)):
        path = save(tmp_path / f"{level}.png", np.full((48, 64), level, np.uint8))
        (mask,) = open_mask(path, source).at([3], (64, 48))
        assert (composite(own, edited, mask) == expected).all()


def test_another_shape_is_refused_with_both_sizes(tmp_path: Path, source: VideoInfo) -> None:
    with pytest.raises(UsageError, match=r"is 48x64, but .* is 64x48"):
        open_mask(save(tmp_path / "mask.png", right_half((48, 64))), source)


def test_another_number_of_frames_is_refused_with_both_counts(tmp_path: Path, source: VideoInfo) -> None:
    with pytest.raises(UsageError, match=r"has 5 frames, but .* has 6"):
        open_mask(make(tmp_path / "mask.mp4", num_frames=5), source)


def test_what_is_no_picture_is_refused(tmp_path: Path, source: VideoInfo) -> None:
    (tmp_path / "mask.png").write_text("white")
    with pytest.raises(MediaError, match=r"--mask: .*mask.png holds a video stream without"):
        open_mask(tmp_path / "mask.png", source)


def object_edits(edit: str, num_frames: int = 4) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(source, exact edit, that edit as an autoencoder might give it: softer, grainy, a little off in colour)."""
    rng = np.random.default_rng(0)
    frames = []
    for source, edited in zip(render_clip(SEED, num_frames), edit_clip(SEED, edit, num_frames), strict=True):
        soft = Image.fromarray(edited).resize((64, 48), Image.Resampling.BICUBIC).resize((192, 144))
        grainy = np.asarray(soft) + rng.normal(0, 6, edited.shape) + rng.normal(0, 2, 3)
        frames.append((source, edited, np.clip(grainy, 0, 255).astype(np.uint8)))
    return frames


def far_from(changed: np.ndarray, pixels: int = 6) -> np.ndarray:
    """Where nothing within so many pixels is set."""
    return feathered((~changed).astype(np.float32), pixels) == 1


@pytest.mark.parametrize("edit", ["paint", "wood", "hat"])
def test_auto_mask_keeps_the_edited_object_and_nothing_else(edit: str) -> None:
    for source, edited, grainy in object_edits(edit):
        difference = np.abs(edited.astype(int) - source).max(axis=2)
        mask = auto_mask(source, grainy)
        result = composite(source, grainy, mask)
        assert (result == source).all(axis=2)[far_from(difference > 0)].mean() > 0.999
        assert mask[difference > 26].mean() > 0.99


def test_auto_mask_flickers_no_more_than_the_object_moves() -> None:
    frames = object_edits("paint", num_frames=6)
    masks = np.stack([auto_mask(source, grainy) for source, _, grainy in frames])
    objects = np.stack([np.abs(e.astype(int) - s).max(axis=2) > 26 for s, e, _ in frames]).astype(np.float32)
    assert np.abs(np.diff(masks, axis=0)).mean() < 1.1 * np.abs(np.diff(objects, axis=0)).mean()


def test_auto_mask_is_nothing_where_nothing_was_edited() -> None:
    picture = next(render_clip(SEED, 1))
    assert not auto_mask(picture, picture).any()


def finished(blend: Blend, source: VideoInfo, indices: list[int]) -> list[tuple[Frame, np.ndarray]]:
    """Frames of the source, edited into their negatives, as they are delivered."""
    negatives = (255 - frame.image for frame in read_at(source, indices))
    return list(Delivery(info=source, size=(64, 48), detail="carry", blend=blend).finished(negatives, indices))


def test_a_blend_without_a_mask_leaves_the_edit_alone(source: VideoInfo) -> None:
    assert all((edited == 255 - frame.image).all() for frame, edited in finished(Blend(), source, [1, 3]))


def test_a_blend_is_the_same_for_a_frame_alone(tmp_path: Path, source: VideoInfo) -> None:
    blend = Blend(open_mask(make(tmp_path / "mask.mp4", num_frames=6), source), auto=True)
    together = finished(blend, source, [0, 2, 3, 5])
    for frame, edited in together:
        ((alone, again),) = finished(blend, source, [frame.index])
        assert alone.index == frame.index
        assert (again == edited).all()


def test_a_mask_and_the_found_one_both_must_want_the_edit(tmp_path: Path, source: VideoInfo) -> None:
    blend = Blend(open_mask(save(tmp_path / "mask.png", right_half()), source, feather=0), auto=True)
    ((frame, edited),) = finished(blend, source, [0])
    assert (edited[:, :32] == frame.image[:, :32]).all()
    assert np.abs(edited[:, 32:].astype(int) - frame.image[:, 32:]).mean() > 50
