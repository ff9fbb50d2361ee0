"""The settings as boxes on the page, by the names of fairy.web.settings.Wish: from boxes to a wish and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any

import gradio as gr

from fairy.config import DETAILS, EMBEDDED
from fairy.method.anchors import DEFAULT_NUM_ANCHORS
from fairy.video.formats import FORMATS
from fairy.web.settings import Wish
from fairy.web.shelf import Clip
from fairy.web.studio import Studio

LONG, FIRST_SECONDS = 15.0, 10.0
"""Of a clip longer than LONG seconds only the first ones are edited, unless more is asked for."""
OF_MODEL = ("text_guidance", "image_guidance", "num_steps", "long_side")
"""What a model has defaults of its own for."""
CODECS = {"h264": "H.264, plays everywhere", "hevc": "H.265", "av1": "AV1", "prores": "ProRes 422 HQ, .mov"}


def add_part() -> tuple[Any, dict[str, Any]]:
    """Which seconds of a long clip."""
    with gr.Row(visible=False, elem_id="part") as part:
        start = gr.Number(None, label="From second", minimum=0, step=1)
        end = gr.Number(None, label="To second", minimum=0, step=1)
    return part, {"start": start, "end": end}


def add_expert(studio: Studio) -> Iterator[tuple[str, Any]]:
    """All the numbers."""
    usual = studio.choices.defaults[EMBEDDED]
    with gr.Row():
        yield (
            "text_guidance",
            gr.Slider(0, 15, usual.text_guidance, step=0.1, label="How strongly to follow you", info="Text guidance"),
        )
        yield (
            "image_guidance",
            gr.Slider(
                0, 5, usual.image_guidance, step=0.1, label="How much of the source to keep", info="Image guidance"
            ),
        )
        yield (
            "seed",
            gr.Number(0, label="Variation", info="The seed: each number is another one", precision=0, minimum=0),
        )
    with gr.Row():
        yield (
            "num_anchors",
            gr.Slider(0, 8, DEFAULT_NUM_ANCHORS, step=1, label="Key frames", info="Edited first, together: anchors"),
        )
        yield (
            "anchor_strength",
            gr.Slider(0, 10, 1, step=0.05, label="How much the others take from them", info="Anchor strength"),
        )
        yield (
            "num_steps",
            gr.Slider(1, 100, usual.num_steps, step=1, label="Steps", info="More is slower, can be finer"),
        )
    with gr.Row():
        sizes = [("as the source", "source"), ("as the model makes it", "model")]
        yield (
            "size",
            gr.Dropdown(
                sizes, value="source", allow_custom_value=True, label="Size of the result", info="Or the longer side"
            ),
        )
        details = [("from the source", "carry"), ("none", "off")]
        assert {value for _, value in details} == set(DETAILS)
        yield "detail", gr.Dropdown(details, value="carry", label="Fine detail", info="Where the result is larger")
        yield (
            "long_side",
            gr.Slider(
                64,
                studio.config.max_long_side,
                usual.long_side,
                step=8,
                label="Size the model works at",
                info="Longer side, pixels",
            ),
        )
        codecs = [(words, name) for name, words in CODECS.items()]
        assert set(CODECS) <= {name for each in FORMATS.values() for name in each.codecs}
        yield "codec", gr.Dropdown(codecs, value="h264", label="Codec", info="How the file is stored")
    with gr.Row():
        models = [(label, name) for label, name in studio.choices.models.items()]
        yield "model", gr.Dropdown(models, value=EMBEDDED, label="Model", info="Those on this disk")
        loras = [("none", ""), *studio.choices.loras.items()]
        yield "lora", gr.Dropdown(loras, value="", label="LoRA", info="Those on this disk")
        yield "lora_scale", gr.Slider(-2, 2, 1, step=0.05, label="LoRA strength")


def to_settings(studio: Studio, names: Iterable[str], values: Iterable[Any]) -> dict[str, Any]:
    """What the boxes say; what is as it would be anyway is left open."""
    settings = dict(zip(names, values, strict=True))
    usual = studio.choices.usual(str(settings["model"]))
    # Very short videos have fewer anchors than usual.
    open_ones = {name: getattr(usual, name) for name in OF_MODEL}
    open_ones |= {"num_anchors": DEFAULT_NUM_ANCHORS, "start": 0, "codec": "h264"}
    absent = {name for name in ("text_guidance", "image_guidance") if getattr(usual, name) is None}
    return {
        name: None if name in absent or value == open_ones.get(name, ...) else value for name, value in settings.items()
    }


def to_boxes(studio: Studio, wish: Wish, names: Iterable[str]) -> list[Any]:
    """A wish in the boxes; what it leaves open is shown as what the model does."""
    if wish.model not in studio.choices.defaults:  # it was offered when this was tried
        wish = replace(wish, model=EMBEDDED, lora=None)
    usual = {
        **asdict(studio.choices.usual(wish.model)),
        "num_anchors": DEFAULT_NUM_ANCHORS,
        "lora": "",
        "codec": "h264",
    }
    return [usual.get(name) if (value := getattr(wish, name)) is None else value for name in names]


def part_of(clip: Clip | None) -> tuple[float | None, float | None]:
    """Which seconds of a clip are edited at first; None is its own beginning, its own end."""
    return (0.0, FIRST_SECONDS) if clip and clip.seconds > LONG else (None, None)
