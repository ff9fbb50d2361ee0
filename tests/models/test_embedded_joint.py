"""The second model that comes with the package, of FLUX.2 klein's class."""

import numpy as np
import pytest
from diffusers import Flux2KleinPipeline
from PIL import Image

import fairy.models
from fairy.lab.synthetic import sample_pair
from fairy.method.editor import Editor
from fairy.models.catalog import built_in_models, open_built_in
from fairy.models.knowledge import unknown_words

NAME = "embedded-joint"
MOST_BYTES = 16 * 2**20


@pytest.fixture(scope="module")
def folder():
    return open_built_in(NAME)


@pytest.fixture(scope="module")
def pair():
    return sample_pair(3, size=(128, 96), split="heldout", edit="black_and_white")


def greyness(picture):
    """0 for a grey picture: how far the colours of a pixel lie apart, on average, of 255."""
    return float((picture.max(-1).astype(int) - picture.min(-1)).mean())


def test_it_is_found_by_name_and_small(folder):
    assert NAME in built_in_models()
    assert sum((folder.path / file).stat().st_size for file in folder.files()) < MOST_BYTES


def test_every_edit_that_it_names_has_only_words_that_it_knows(folder):
    assert [edit for edit in folder.traits["edits"] if unknown_words(folder, edit)] == []


def test_it_edits(pair):
    with Editor(fairy.models.load(NAME)) as editor:
        bank = editor.edit_anchors(pair.source[None], "make it black and white")
    assert greyness(bank.frames[0]) < 0.3 * greyness(pair.source)


def test_diffusers_own_pipeline_edits_with_it(folder, pair):
    pipeline = Flux2KleinPipeline.from_pretrained(folder.path)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline(
        Image.fromarray(pair.source), "make it black and white", height=96, width=128, num_inference_steps=4,
        text_encoder_out_layers=(1, 2, 3), max_sequence_length=16, output_type="np",
    ).images[0]  # fmt: skip
    assert greyness((255 * picture).astype(np.uint8)) < 0.3 * greyness(pair.source)
