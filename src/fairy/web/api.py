"""What programs can call, by Gradio's client or by plain HTTP: the same studio as the page, the same jobs.

A clip goes up by `/upload_video`, everything else is plain values. docs/reference/web-api.md has examples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr

from fairy.errors import FairyError, UsageError
from fairy.report import SILENT
from fairy.web import view
from fairy.web.settings import in_words
from fairy.web.shelf import Job, Redo
from fairy.web.studio import Studio
from fairy.web.visit import Visit
from fairy.web.visitors import visitor_of

REDO_CHANGES = {"seed", "instruction", "text_guidance"}


def add_api(studio: Studio) -> None:
    """The endpoints, into the page that is being built."""
    add_files(studio)
    for function in (*editing(studio), *jobs(studio)):
        device = {"concurrency_id": "device", "concurrency_limit": 1} if function.__name__ == "preview" else {}
        gr.api(plain_errors(studio, function), api_name=function.__name__, api_description=function.__doc__, **device)


def visit_of(studio: Studio, request: gr.Request) -> Visit:
    """Who asks."""
    return Visit(
        studio, visitor_of({name.lower(): value for name, value in request.headers.items()}, request.session_hash)
    )


def add_files(studio: Studio) -> None:
    """The endpoints that take or give files; Gradio checks that those given were uploaded."""
    file, number, video = gr.File(visible=False), gr.Textbox(visible=False, label="number"), gr.File(visible=False)
    pictures, ask = gr.Gallery(visible=False), gr.Button(visible=False)

    def upload_video(request: gr.Request, file: str) -> str:
        """Upload a video; returns its number."""
        if not file:
            raise UsageError("no file was sent")
        return visit_of(studio, request).take(Path(file))

    def variant_pictures(request: gr.Request, number: str) -> list[tuple[str, str]]:
        """The pictures of the latest preview of a clip: source and edit side by side."""
        variants = visit_of(studio, request).variants(number)
        if not variants:
            raise UsageError("nothing was tried on this video yet; call preview first")
        variant = variants[-1]
        folder = studio.shelf.served / number / str(variant.number)
        return [(str(folder / shown.pair), shown.caption) for shown in variant.shown]

    def download_video(request: gr.Request, number: str) -> str | None:
        """The finished video of a job; nothing where it is not finished."""
        found = studio.result(visit_of(studio, request).job(number))
        return str(found) if found else None

    ask.click(plain_errors(studio, upload_video), file, number, api_name="upload_video")
    ask.click(plain_errors(studio, variant_pictures), number, pictures, api_name="preview_pictures")
    ask.click(plain_errors(studio, download_video), number, video, api_name="download_video")


def editing(studio: Studio) -> list[Callable[..., Any]]:
    """Endpoints that begin something."""

    def example_video(request: gr.Request, name: str) -> str:
        """Take a built-in clip, such as demo.mp4; returns its number."""
        return visit_of(studio, request).take_example(name)

    def preview(
        request: gr.Request,
        clip: str,
        instruction: str,
        settings: dict = {},  # noqa: B006  Gradio reads the default
    ) -> dict:
        """Edit the anchors of a clip; returns what came of it. `preview_pictures` has the pictures."""
        wish = studio.wish(instruction, settings)
        return asdict(visit_of(studio, request).try_wish(clip, wish, SILENT))

    def render(request: gr.Request, clip: str, instruction: str, settings: dict = {}) -> dict:  # noqa: B006
        """Begin to edit a whole clip; returns the job, which `job` tells more of."""
        wish = studio.wish(instruction, settings)
        return describe(studio, visit_of(studio, request).submit(clip, wish))

    def redo(request: gr.Request, number: str, first: int, stop: int, changes: dict = {}) -> dict:  # noqa: B006
        """Render frames first to stop - 1 of a finished job again, with another seed, instruction or text_guidance."""
        return describe(studio, visit_of(studio, request).redo(number, redo_of(first, stop, changes)))

    return [example_video, preview, render, redo]


def jobs(studio: Studio) -> list[Callable[..., Any]]:
    """Endpoints about jobs."""

    def job(request: gr.Request, number: str) -> dict:
        """How far a job is: state is waiting, running, stopped, failed or done."""
        return describe(studio, visit_of(studio, request).job(number))

    def jobs(request: gr.Request) -> list:
        """All of your jobs, the newest first."""
        return [describe(studio, each) for each in visit_of(studio, request).jobs()]

    def cancel(request: gr.Request, number: str) -> dict:
        """Stop a job; what is done is kept."""
        return describe(studio, visit_of(studio, request).cancel(number))

    def go_on(request: gr.Request, number: str) -> dict:
        """Let a stopped or failed job go on where it stopped."""
        return describe(studio, visit_of(studio, request).go_on(number))

    return [job, jobs, cancel, go_on]


def redo_of(first: Any, stop: Any, changes: Any) -> Redo:
    """What is to be rendered again, out of JSON. UsageError where that is not understood."""
    whole = all(isinstance(each, int) and not isinstance(each, bool) for each in (first, stop))
    if not whole or not isinstance(changes, dict) or not set(changes) <= REDO_CHANGES:
        raise UsageError(f"first and stop must be whole numbers, and changes have {', '.join(sorted(REDO_CHANGES))}")
    if not isinstance(changes.get("instruction"), str | None):
        raise UsageError("the instruction must be a text")
    return Redo(first=first, stop=stop, **changes)


def describe(studio: Studio, job: Job) -> dict[str, Any]:
    """A job as programs see it."""
    done, total, words = view.progress_of(job, studio.runs.live)
    command, program = studio.commands(job)
    return {
        **asdict(job),
        "done": done,
        "total": total,
        "progress": words,
        "command": command,
        "program": program,
    }


def plain_errors(studio: Studio, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose errors reach the caller as one line."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except FairyError as error:
            raise gr.Error(in_words(error, studio.shelf.private), print_exception=False) from error

    return call
