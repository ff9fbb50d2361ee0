"""What ComfyUI's nodes make of Fairy's settings, and of pictures, as far as that needs no ComfyUI."""

import numpy as np
import pytest
import torch

from fairy.comfy.pixels import fitted, put, to_image, to_mask, to_picture
from fairy.comfy.settings import CHOICES, Widget, read, read_frames, widgets
from fairy.comfy.words import in_one_line, in_words
from fairy.config import EditConfig, JobConfig, MaskConfig, VideoConfig
from fairy.errors import UsageError

OFFERED = [EditConfig, VideoConfig]


def every_widget() -> list[Widget]:
    return [widget for settings in OFFERED for widget in widgets(settings)]


@pytest.mark.parametrize("settings", OFFERED)
def test_a_new_node_means_the_settings_as_they_are_by_default(settings: type) -> None:
    assert read(settings, {widget.name: widget.default for widget in widgets(settings)}) == settings()


@pytest.mark.parametrize("widget", every_widget(), ids=lambda widget: widget.name)
def test_every_setting_is_explained_and_its_default_can_be_chosen(widget: Widget) -> None:
    assert len(widget.tooltip) > 20
    assert widget.kind in (bool, str) or widget.low <= widget.default <= widget.high
    assert not widget.choices or widget.default in widget.choices


@pytest.mark.parametrize("widget", every_widget(), ids=lambda widget: widget.name)
def test_every_number_in_a_range_is_accepted(widget: Widget) -> None:
    settings = EditConfig if widget in widgets(EditConfig) else VideoConfig
    for value in (widget.low, widget.high) if widget.kind in (int, float) else widget.choices:
        read(settings, {widget.name: value})


def test_minus_one_is_the_models_own_and_zero_is_zero() -> None:
    assert read(EditConfig, {"num_anchors": -1}).num_anchors is None
    assert read(EditConfig, {"num_anchors": 0}).num_anchors == 0


def test_values_of_other_settings_are_left_out() -> None:
    assert read(MaskConfig, {"feather": 2, "seed": 1}) == MaskConfig(feather=2)


def test_the_words_of_a_choice_are_those_of_the_settings() -> None:
    assert [JobConfig(shots=word).shots for word in CHOICES["shots"]] == ["auto", "off"]


@pytest.mark.parametrize(("text", "meant"), [("0, 12,23", (0, 12, 23)), ("7", (7,)), (" ", None)])
def test_frames_are_named_by_their_numbers(text: str, meant: tuple[int, ...] | None) -> None:
    assert read_frames(text) == meant


def test_what_names_no_frames_is_told_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"anchor_frames 1-3: must be frames.*such as 0, 12, 23"):
        read_frames("1-3")


def test_an_error_names_the_inputs_of_the_node() -> None:
    assert in_words("--anchors 9: use --num-anchors 3\nor fewer") == "anchor_frames 9: use num_anchors 3 or fewer"


def test_an_error_keeps_its_kind() -> None:
    with pytest.raises(UsageError, match=r"^text_guidance -2"), in_one_line():
        EditConfig(text_guidance=-2)


def test_pictures_survive_the_way_through_an_image() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), np.uint8)
    images = to_image(pictures)
    assert images.dtype == torch.float32
    assert np.array_equal([to_picture(image) for image in images], pictures)


def test_alpha_is_left_out() -> None:
    assert to_picture(torch.ones(4, 6, 4)).shape == (4, 6, 3)


@pytest.mark.parametrize("size", [(6, 4), (24, 16)])
def test_a_picture_of_one_colour_keeps_it_at_any_size(size: tuple[int, int]) -> None:
    picture = np.full((8, 12, 3), (10, 200, 30), np.uint8)
    assert np.array_equal(fitted(picture, size), np.full((size[1], size[0], 3), (10, 200, 30), np.uint8))


def test_one_mask_is_for_all_images() -> None:
    images, mask = to_image(np.zeros((3, 4, 4, 3), np.uint8)), torch.ones(4, 4)
    put(images, 2, np.full((4, 4, 3), 255, np.uint8))
    assert to_mask(mask, 2, len(images), (4, 4)).min() == 1.0


def test_masks_of_another_number_are_told_in_one_line() -> None:
    with pytest.raises(UsageError, match="mask has 2 pictures, but there are 3 images"):
        to_mask(torch.ones(2, 4, 4), 0, 3, (4, 4))
