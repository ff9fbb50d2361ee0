"""Noise of its own for each frame, as the ablation uses it."""

import numpy as np

from fairy.config import EditConfig
from fairy.lab.ablation import own_noise
from fairy.method.editor import Editor
from fairy.models import Model

CONFIG = EditConfig(num_steps=3, seed=5, text_guidance=3.0, image_guidance=1.5)


def test_a_frame_depends_on_its_number_and_on_no_other_frame(sd_model: Model) -> None:
    """The same frame three times is three pictures, and each the same whatever is edited with it, in any batch."""
    frames = np.random.default_rng(0).integers(0, 256, (1, 3, 4, 3), np.uint8).repeat(8, 1).repeat(8, 2).repeat(3, 0)
    edits = []
    for numbers in ([4, 5, 6], [6, 4, 5]):
        with Editor(sd_model, micro_batch=2) as editor:
            bank = own_noise.edit_anchors(editor, frames[:1], [9], "make it night", CONFIG)
            edited = own_noise.edit_frames(editor, zip(numbers, frames, strict=True), bank)
            edits.append(dict(zip(numbers, edited, strict=True)))
    assert all(np.array_equal(edits[0][number], edits[1][number]) for number in (4, 5, 6))
    assert not np.array_equal(edits[0][4], edits[0][5])
