"""The page: what stands where. events.py has what happens, showing.py what is shown, api.py what programs call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from fairy.web import look, pictures, slider
from fairy.web.boxes import add_expert, add_part
from fairy.web.choices import EXAMPLES, INSTRUCTIONS
from fairy.web.studio import Studio

NOBODY = {"clip": "", "job": "", "variant": ""}
"""What a browser remembers of its visitor: which clip, which job and which of the tries are on the page."""
FIRST = "cat.mp4"
"""What the slider of the first screen shows."""


@dataclass(frozen=True)
class ClipPart:
    """The large picture, and where a video comes in."""

    stage: Any
    chooser: Any
    upload: Any
    line: Any
    examples: Any


@dataclass(frozen=True)
class WishPart:
    """The instruction, the settings by their names, the buttons."""

    text: Any
    chips: Any
    settings: dict[str, Any]
    part: Any
    line: Any
    try_it: Any
    next_seed: Any
    render: Any


@dataclass(frozen=True)
class TriesPart:
    """What the anchors became."""

    fold: Any
    line: Any
    pairs: Any
    tried: Any


@dataclass(frozen=True)
class JobPart:
    """The job that is looked at, its result, and the list of all."""

    status: Any
    download: Any
    jobs: Any
    bar: Any
    more: Any
    command: Any
    program: Any
    strip: Any
    first: Any
    last: Any
    seed: Any
    instruction: Any
    redo: Any
    redo_line: Any


@dataclass(frozen=True)
class Parts:
    """All that events read or change."""

    here: Any
    seen: Any
    """What each place shows now: only what is new is sent."""
    clip: ClipPart
    wish: WishPart
    tries: TriesPart
    jobs: JobPart


def add_all(studio: Studio) -> Parts:
    """The whole page."""
    gr.HTML(look.header(studio.config.shared))
    here, seen = gr.BrowserState(NOBODY, storage_key="fairy", secret="fairy"), gr.State({})
    with gr.Row(elem_id="top"):
        with gr.Column(scale=3, min_width=300):
            stage = gr.HTML(first_picture(studio), js_on_load=slider.SCRIPT, elem_id="stage")
            status = gr.HTML("", elem_id="job")
            download = gr.DownloadButton("Download the video", variant="primary", visible=False, elem_id="download")
        with gr.Column(scale=2, min_width=300):
            clip = ClipPart(stage, *add_chooser(studio))
            all_jobs = gr.Radio([], label="Your videos", visible=False, elem_classes="fairy-jobs", elem_id="jobs")
    wish = add_wish(studio)
    tries = add_tries()
    jobs = JobPart(status, download, all_jobs, *add_jobs())
    gr.HTML(look.FOOTER)
    return Parts(here, seen, clip, wish, tries, jobs)


def first_picture(studio: Studio) -> str:
    """What is to be seen before a video is chosen: what this page does."""
    return slider.slider(pictures.url_of(studio.asset("first.mp4")), EXAMPLES[FIRST].instruction)


def heading(text: str) -> None:
    """The title of a part."""
    gr.HTML(f"<h2 class='fairy-step'>{text}</h2>")


def add_chooser(studio: Studio) -> tuple[Any, ...]:
    """Upload or choose."""
    with gr.Accordion("Choose a video", open=True, elem_id="chooser") as chooser:
        upload = gr.File(label="Your own", file_count="single", file_types=["video"], height=120, elem_id="upload")
        gr.HTML(f"<p class='fairy-faint'>{limits_line(studio.config)}</p>")
        cards = pictures.choices(
            (name, studio.asset(f"card-{name.removesuffix('.mp4')}.webp"), f"{about.title}: {about.instruction}")
            for name, about in EXAMPLES.items()
        )
        words = "<p>Or click an example: left of the line it is as it was, right of it as it became.</p>"
        examples = gr.HTML(words + cards, js_on_load=pictures.CLICKS, elem_id="examples")
    line = gr.HTML("", elem_id="clip-line")
    return chooser, upload, line, examples


def limits_line(config: Any) -> str:
    """What an upload may be."""
    megapixels = config.max_pixels / 1e6
    return f"Up to {config.max_megabytes} MB, {config.max_seconds:g} s and {megapixels:.1f} megapixels a frame."


def add_wish(studio: Studio) -> WishPart:
    """Say what to change."""
    heading("Say what to change")
    gr.HTML("<p class='fairy-faint'>A click on one of these tries it on a few frames of your video, in seconds.</p>")
    shown = ((text, studio.asset(f"chip-{number}.webp"), text) for number, text in enumerate(INSTRUCTIONS))
    chips = gr.HTML(pictures.choices(shown), js_on_load=pictures.CLICKS, elem_id="chips")
    text = gr.Textbox(label="Instruction", placeholder="make it night", max_lines=3, elem_id="instruction")
    part, boxes = add_part()
    line = gr.HTML("", elem_id="wish-line")
    with gr.Row(elem_id="buttons"):
        try_it = gr.Button("Try on a few frames", interactive=False, elem_id="try", min_width=160)
        next_seed = gr.Button("Another variation", interactive=False, elem_id="next-seed", min_width=160)
        render = gr.Button("Render the whole video", interactive=False, elem_id="render", min_width=300, scale=2)
    with gr.Accordion("Expert", open=False, elem_id="settings"):
        settings = {**boxes, **dict(add_expert(studio))}
    return WishPart(text, chips, settings, part, line, try_it, next_seed, render)


def add_tries() -> TriesPart:
    """The anchors beside their sources, and what was tried before."""
    line = gr.HTML("", elem_id="variant-line")
    with gr.Accordion("Tried frames", open=True, visible=False, elem_id="tries") as fold:
        pairs = gr.HTML("", elem_id="pairs")
        tried = gr.HTML("", js_on_load=pictures.CLICKS, elem_id="tried")
    return TriesPart(fold, line, pairs, tried)


def add_jobs() -> tuple[Any, ...]:
    """What can be done with a result, the list of all jobs, the bar of the one that runs."""
    bar = gr.HTML("", js_on_load=pictures.CLICKS, elem_id="bar")
    with gr.Column(visible=False, elem_id="more") as more:
        again = add_redo()
        with gr.Accordion("The same from a shell or from Python", open=False):
            command = gr.Code(
                label="Shell, where your video lies", language="shell", wrap_lines=True, lines=1, elem_id="command"
            )
            program = gr.Code(label="Python", language="python", wrap_lines=True, lines=1, elem_id="program")
    return bar, more, command, program, *again


def add_redo() -> tuple[Any, ...]:
    """Some frames again."""
    with gr.Accordion("Render some frames again", open=False, elem_id="again"):
        gr.HTML("<p class='fairy-faint'>Click the first frame and then the last one, or type their numbers.</p>")
        strip = gr.HTML("", js_on_load=pictures.CLICKS, elem_id="strip")
        with gr.Row():
            first = gr.Number(0, label="From frame", precision=0, minimum=0, elem_id="first")
            last = gr.Number(0, label="To frame", precision=0, minimum=0, elem_id="last")
            seed = gr.Number(1, label="Variation", precision=0, minimum=0, elem_id="redo-seed")
        instruction = gr.Textbox(label="Another instruction for these frames", placeholder="leave empty for the same")
        line = gr.HTML("", elem_id="redo-line")
        redo = gr.Button("Render these frames again", elem_id="redo")
    return strip, first, last, seed, instruction, redo, line
