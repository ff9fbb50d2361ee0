"""What the page shows, told by what is so: asked each second, it sends only what is new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import gradio as gr

from fairy.errors import FairyError, UsageError
from fairy.web import pictures, view
from fairy.web.page import Parts, first_picture
from fairy.web.settings import in_words
from fairy.web.shelf import DONE, RUNNING, WAITING, Clip, Job
from fairy.web.slider import slider
from fairy.web.studio import Studio
from fairy.web.timing import in_words as duration
from fairy.web.tries import Try
from fairy.web.variants import Variant
from fairy.web.visit import Visit

Here = dict[str, str]
Seen = dict[str, str]
Found = TypeVar("Found")
Update = dict[Any, Any]


@dataclass(frozen=True)
class Now:
    """What is so for one visitor at this moment."""

    visit: Visit
    number: str
    """Of the clip; empty where none is chosen."""
    clip: Clip | None
    job: Job | None
    jobs: list[Job]
    attempt: Try | None
    """The latest try of this clip."""
    tried: list[Variant]
    variant: Variant | None
    """The one that is shown."""
    text: str
    seed: int
    part: tuple[float | None, float | None]

    @property
    def studio(self) -> Studio:
        """Where it all is."""
        return self.visit.studio

    @property
    def trying(self) -> bool:
        """Whether something is tried now."""
        return bool(self.attempt and not self.attempt.done)

    @property
    def busy(self) -> bool:
        """Whether the job that is looked at waits or runs."""
        return bool(self.job and self.job.state in (WAITING, RUNNING))


def look_round(visit: Visit, here: Here, text: str, seed: Any, start: Any, end: Any) -> Now:
    """What is so."""
    clip = _find(visit.clip, here["clip"])
    number = here["clip"] if clip else ""
    attempt = visit.latest_try()
    tried = visit.variants(number) if clip else []
    chosen = [variant for variant in tried if str(variant.number) == here.get("variant")]
    return Now(
        visit=visit,
        number=number,
        clip=clip,
        job=_find(visit.job, here["job"]),
        jobs=visit.jobs(),
        attempt=attempt if attempt and attempt.clip == number and not attempt.replaced.is_set() else None,
        tried=tried,
        variant=chosen[0] if chosen else tried[-1] if tried else None,
        text=(text or "").strip(),
        seed=int(seed or 0),
        part=(start, end),
    )


def show(parts: Parts, now: Now, seen: Seen) -> Update:
    """The parts that are to change, `seen` among them."""
    places = {
        "stage": show_stage,
        "bar": show_bar,
        "tries": show_tries,
        "try line": show_try_line,
        "buttons": show_buttons,
        "result": show_result,
        "jobs": show_jobs,
    }
    updates: Update = {}
    told: Seen = {}
    for name, place in places.items():
        told[name], update = place(parts, now)
        if told[name] != seen.get(name):
            updates |= update()
    return updates | {parts.seen: told}


Place = tuple[str, Callable[[], Update]]
"""What a place shows, in a word that tells whether it is new, and how."""


def show_stage(parts: Parts, now: Now) -> Place:
    """The large picture: the result, the newest frame, the video that came in, or what this page does."""
    stage, studio, job, live = parts.clip.stage, now.studio, now.job, now.studio.runs.live
    comparison = studio.comparison(job) if job else None
    video = studio.result(job) if job else None
    if job and comparison and video:
        html = slider(pictures.url_of(comparison), job.wish.instruction) + pictures.with_sound(video)
        return f"result {comparison}", lambda: {stage: html}
    if job and live and live.job.number == job.number and live.newest:
        picture = live.newest
        return f"newest {picture}", lambda: {stage: pictures.newest(picture)}
    if now.clip:
        return f"clip {now.number}", lambda: {stage: pictures.still(studio.playable(now.number))}
    return "first", lambda: {stage: first_picture(studio)}


def show_bar(parts: Parts, now: Now) -> Place:
    """The bar of the job, and the title of the tab."""
    runs = now.studio.runs
    html = view.bar(now.job, runs.live, runs.queue_before(now.job) if now.job else 0, now.trying)
    return html, lambda: {parts.jobs.bar: html}


def show_tries(parts: Parts, now: Now) -> Place:
    """The pictures of a variant, and the variants beside it."""
    tries, variant = parts.tries, now.variant
    if variant is None:
        return "", lambda: {tries.fold: gr.Accordion(visible=False), tries.pairs: "", tries.tried: ""}
    folder = now.studio.shelf.served / now.number
    return f"{now.number} {variant.number} {len(now.tried)}", lambda: {
        tries.fold: gr.Accordion(visible=True),
        tries.pairs: pictures.pairs(variant, folder / str(variant.number)),
        tries.tried: pictures.tried(now.tried, folder, variant.number),
    }


def show_try_line(parts: Parts, now: Now) -> Place:
    """Where a try is, or what came of it."""
    html = view.variant_lines(now.variant) if now.variant else ""
    if now.trying and now.attempt:
        html = view.line(f"“{now.attempt.wish.instruction}”: {now.attempt.words} ...")
    elif now.attempt and now.attempt.error:
        html = view.line(in_words(now.attempt.error, now.studio.shelf.private), "error")
    return html, lambda: {parts.tries.line: html}


def show_buttons(parts: Parts, now: Now) -> Place:
    """One main button at a time: try, then render, then download. None can be clicked that cannot work."""
    can = bool(now.clip and now.text)
    same = [variant for variant in now.tried if variant.wish.instruction == now.text]
    done = bool(now.job and now.job.state == DONE and now.job.clip == now.number)
    mine = done and now.job is not None and now.job.wish.instruction == now.text
    main = "" if not can or now.busy or mine else "render" if same and not now.trying else "try"
    label = render_label(now, same[-1] if same else None)
    variation = f"Another variation (now {now.seed})" if now.seed else "Another variation"
    wish = parts.wish
    return f"{can} {main} {label} {variation} {now.busy}", lambda: {
        wish.try_it: gr.Button(interactive=can, variant=kind(main == "try")),
        wish.next_seed: gr.Button(variation, interactive=can),
        wish.render: gr.Button(label, interactive=can and not now.busy, variant=kind(main == "render")),
    }


def kind(main: bool) -> Any:
    """How a button looks."""
    return "primary" if main else "secondary"


def render_label(now: Now, variant: Variant | None) -> str:
    """What a click begins, how long that takes and how large it becomes."""
    if now.busy:
        return "Rendering"
    start, end = now.part
    label = "Render the whole video" if end is None and not start else f"Render {start or 0:g} to {end or 0:g} s"
    if variant is None:
        return label
    return "{} · about {}, {}x{}".format(label, duration(variant.render_seconds), *variant.size)


def show_result(parts: Parts, now: Now) -> Place:
    """What can be done with a finished video."""
    jobs, job = parts.jobs, now.job
    video = now.studio.result(job) if job else None
    if job is None or video is None:
        hidden = {jobs.status: "", jobs.more: gr.Column(visible=False)}
        return "", lambda: {**hidden, jobs.download: gr.DownloadButton(visible=False)}
    command, program = now.studio.commands(job)
    first, stop = job.first_frame, job.first_frame + job.num_frames
    lines = view.result_lines(job) if job.state == DONE else ""
    return f"{video} {lines}", lambda: {
        jobs.status: lines,
        jobs.more: gr.Column(visible=True),
        jobs.download: gr.DownloadButton(value=str(video), visible=True),
        jobs.command: command,
        jobs.program: program,
        jobs.strip: pictures.strip(now.studio.strip(job), first, first),
        jobs.first: first,
        jobs.last: stop - 1,
    }


def show_jobs(parts: Parts, now: Now) -> Place:
    """The list of all."""
    shelf, live = now.studio.shelf, now.studio.runs.live
    choices = [(view.job_label(each, shelf.clip(each.clip).name, live), each.number) for each in now.jobs]
    number = now.job.number if now.job else None
    return f"{choices} {number}", lambda: {
        parts.jobs.jobs: gr.Radio(choices, value=number, visible=bool(choices)),
    }


def missing(clip: str, text: str) -> str:
    """What a visitor has left out; empty where nothing."""
    if not clip:
        return "Choose a video first: upload one, or click an example."
    return "" if (text or "").strip() else "Say what to change: click an instruction, or type one."


def error_line(studio: Studio, error: FairyError) -> str:
    """An error on the page."""
    return view.line(in_words(error, studio.shelf.private), "error")


def _find(get: Callable[[str], Found], number: str) -> Found | None:
    try:
        return get(number) if number else None
    except UsageError:
        return None
