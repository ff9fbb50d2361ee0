"""The page: what stands where. What happens is in events.py, what programs can call in api.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from fairy.config import EMBEDDED
from fairy.method.anchors import DEFAULT_NUM_ANCHORS
from fairy.web import pictures, slider
from fairy.web.choices import EXAMPLES, INSTRUCTIONS
from fairy.web.studio import Studio

NOBODY = {"clip": "", "job": ""}
"""What a browser remembers of its visitor: which clip and which job are on the page."""


@dataclass(frozen=True)
class ClipPart:
    """Step 1."""

    video: Any
    line: Any
    examples: Any


@dataclass(frozen=True)
class InstructionPart:
    """Step 2: the instruction, the settings by their names, the buttons."""

    text: Any
    chips: list[Any]
    settings: dict[str, Any]
    line: Any
    try_it: Any
    next_seed: Any
    render: Any


@dataclass(frozen=True)
class VariantPart:
    """What the anchors became."""

    line: Any
    pairs: Any
    tried: Any


@dataclass(frozen=True)
class JobPart:
    """Step 3: the list of jobs, and the one that is looked at."""

    jobs: Any
    status: Any
    cancel: Any
    go_on: Any
    result: Any
    slider: Any
    side_by_side: Any
    video: Any
    download: Any
    command: Any
    program: Any
    first: Any
    last: Any
    seed: Any
    instruction: Any
    redo: Any
    redo_line: Any

    @property
    def shown(self) -> list[Any]:
        """What changes when a job has a new result."""
        return [self.result, self.slider, self.side_by_side, self.video, self.download, self.command, self.program]


@dataclass(frozen=True)
class Parts:
    """All that events read or change."""

    here: Any
    clip: ClipPart
    wish: InstructionPart
    variants: VariantPart
    jobs: JobPart


def heading(number: int, text: str) -> None:
    """The title of a step."""
    gr.HTML(f"<h2>{number}. {text}</h2>", elem_classes="fairy-step")


def add_clip(studio: Studio) -> ClipPart:
    """Upload or choose."""
    heading(1, "Choose a video")
    config = studio.config
    with gr.Row():
        with gr.Column(scale=3, min_width=300):
            video = gr.Video(label="Your video", sources=["upload"], height=280, elem_id="source")
            line = gr.HTML(f"<p class='fairy-faint'>{limits_line(config)}</p>", elem_id="clip-line")
        with gr.Column(scale=2, min_width=300):
            shown = pictures.choices((name, studio.poster(name), title) for name, title in EXAMPLES.items())
            examples = gr.HTML(f"<p>Or click an example:</p>{shown}", js_on_load=pictures.CLICKS, elem_id="examples")
    return ClipPart(video, line, examples)


def limits_line(config: Any) -> str:
    """What an upload may be."""
    megapixels = config.max_pixels / 1e6
    return f"Up to {config.max_megabytes} MB, {config.max_seconds:g} s and {megapixels:.1f} megapixels a frame."


def add_instruction(studio: Studio) -> InstructionPart:
    """Say what to change."""
    heading(2, "Say what to change")
    with gr.Row(elem_classes="fairy-chips"):
        chips = [gr.Button(text, size="sm") for text in INSTRUCTIONS]
    text = gr.Textbox(label="Instruction", placeholder="make it night", max_lines=3, elem_id="instruction")
    with gr.Accordion("Settings", open=False, elem_id="settings"):
        settings = dict(add_settings(studio))
    line = gr.HTML("", elem_id="wish-line")
    with gr.Row():
        try_it = gr.Button("Try it on a few frames", elem_id="try")
        next_seed = gr.Button("Try another seed", elem_id="next-seed")
        render = gr.Button("Render the whole video", variant="primary", elem_id="render")
    return InstructionPart(text, chips, settings, line, try_it, next_seed, render)


def add_settings(studio: Studio) -> Iterator[tuple[str, Any]]:
    """Everything that may be played with, by the names of fairy.web.settings.Wish."""
    usual = studio.choices.defaults[EMBEDDED]
    with gr.Row():
        yield (
            "text_guidance",
            gr.Slider(0, 15, usual.text_guidance, step=0.1, label="Text guidance", info="How strongly to follow you"),
        )
        yield (
            "image_guidance",
            gr.Slider(
                0, 5, usual.image_guidance, step=0.1, label="Image guidance", info="How much of the source to keep"
            ),
        )
        yield (
            "anchor_strength",
            gr.Slider(
                0, 10, 1, step=0.05, label="Anchor strength", info="How much the other frames take from the anchors"
            ),
        )
    with gr.Row():
        yield (
            "num_anchors",
            gr.Slider(0, 8, DEFAULT_NUM_ANCHORS, step=1, label="Anchors", info="Frames edited first, together"),
        )
        yield (
            "long_side",
            gr.Slider(
                64, studio.config.max_long_side, usual.long_side, step=8, label="Size", info="Longer side, pixels"
            ),
        )
        yield (
            "num_steps",
            gr.Slider(1, 100, usual.num_steps, step=1, label="Steps", info="More is slower, can be finer"),
        )
    with gr.Row():
        yield "seed", gr.Number(0, label="Seed", info="Another number, another variation", precision=0, minimum=0)
        models = [(label, name) for label, name in studio.choices.models.items()]
        yield "model", gr.Dropdown(models, value=EMBEDDED, label="Model", info="Those on this disk")
        loras = [("none", ""), *studio.choices.loras.items()]
        yield "lora", gr.Dropdown(loras, value="", label="LoRA", info="Those on this disk")
        yield "lora_scale", gr.Slider(-2, 2, 1, step=0.05, label="LoRA strength")


def add_variants() -> VariantPart:
    """The anchors beside their sources, and what was tried before."""
    line = gr.HTML("<p class='fairy-faint'>The first frames come here, in seconds.</p>", elem_id="variant-line")
    pairs = gr.HTML("", elem_id="pairs")
    tried = gr.HTML("", js_on_load=pictures.CLICKS, elem_id="tried")
    return VariantPart(line, pairs, tried)


def add_jobs() -> JobPart:
    """The renders."""
    heading(3, "Your videos")
    with gr.Row():
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML("<p class='fairy-faint'>Nothing rendered yet.</p>", elem_id="job")
            with gr.Row():
                cancel = gr.Button("Cancel", variant="stop", visible=False, elem_id="cancel")
                go_on = gr.Button("Go on", variant="primary", visible=False, elem_id="go-on")
        with gr.Column(scale=2, min_width=300):
            jobs = gr.Radio([], label="All jobs", visible=False, elem_classes="fairy-jobs", elem_id="jobs")
    with gr.Column(visible=False, elem_id="result") as result:
        shown = add_result()
        again = add_redo()
    return JobPart(jobs, status, cancel, go_on, result, *shown, *again)


def add_result() -> tuple[Any, ...]:
    """The finished video in three ways, the download, what to type."""
    with gr.Tabs():
        with gr.Tab("Slider"):
            line = gr.HTML("", html_template=slider.TEMPLATE, js_on_load=slider.SCRIPT, elem_id="slider")
        with gr.Tab("Side by side"):
            both = gr.Video(label="Source and edit", interactive=False, height=320, elem_id="side-by-side", buttons=[])
        with gr.Tab("Edited video"):
            video = gr.Video(label="Edited video", interactive=False, height=320, elem_id="edited", buttons=[])
    download = gr.DownloadButton("Download the video", variant="primary", elem_id="download")
    with gr.Accordion("The same from a shell or from Python", open=False):
        command = gr.Code(
            label="Shell, where your video lies", language="shell", wrap_lines=True, lines=1, elem_id="command"
        )
        program = gr.Code(label="Python", language="python", wrap_lines=True, lines=1, elem_id="program")
    return line, both, video, download, command, program


def add_redo() -> tuple[Any, ...]:
    """Some frames again."""
    with gr.Accordion("Render some frames again", open=False, elem_id="again"):
        with gr.Row():
            first = gr.Number(0, label="From frame", precision=0, minimum=0, elem_id="first")
            last = gr.Number(0, label="To frame", precision=0, minimum=0, elem_id="last")
            seed = gr.Number(1, label="Seed", precision=0, minimum=0, elem_id="redo-seed")
        instruction = gr.Textbox(label="Another instruction for these frames", placeholder="leave empty for the same")
        line = gr.HTML("")
        redo = gr.Button("Render these frames again", elem_id="redo")
    return first, last, seed, instruction, redo, line
