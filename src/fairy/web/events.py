"""What happens on the page: each event is a call of the studio, told in the parts of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import gradio as gr

from fairy.config import EMBEDDED
from fairy.errors import FairyError
from fairy.method.anchors import DEFAULT_NUM_ANCHORS
from fairy.web import pictures, view
from fairy.web.api import visit_of
from fairy.web.page import NOBODY, Parts
from fairy.web.progress import following
from fairy.web.settings import Wish, in_words
from fairy.web.shelf import FAILED, RUNNING, STOPPED, WAITING, Job, Redo
from fairy.web.studio import Studio
from fairy.web.variants import Variant
from fairy.web.visit import Visit

TO_THE_FRAMES = """(...all) => {
  document.querySelector('#variant-line').scrollIntoView({behavior: 'smooth', block: 'center'});
  return all;
}"""
TO_THE_JOB = """() => setTimeout(() => {
  if (!document.querySelector('#wish-line .error')) document.querySelector('#job').scrollIntoView({behavior: 'smooth'});
}, 300)"""
Here = dict[str, str]
PRIVATE: dict[str, Any] = {"api_visibility": "private", "api_name": "page"}
QUIET: dict[str, Any] = {**PRIVATE, "show_progress": "hidden", "queue": False}


def wire(page: gr.Blocks, studio: Studio, parts: Parts) -> None:
    """Connect everything."""
    wire_clip(studio, parts)
    wire_wish(studio, parts)
    wire_jobs(studio, parts)
    wire_return(page, studio, parts)


def wire_clip(studio: Studio, parts: Parts) -> None:
    """A clip comes in: it is looked through, and what was tried with another one leaves the page."""
    clip, here = parts.clip, parts.here
    outputs = [here, clip.video, clip.line, parts.variants.line, parts.variants.pairs, parts.variants.tried]

    def taken(request: gr.Request, here: Here, take: Callable[[Visit], str]) -> list[Any]:
        try:
            number = take(visit_of(studio, request))
        except FairyError as error:
            words = view.line(in_words(error, studio.shelf.private), "error")
            return [{**here, "clip": ""}, None, words, *no_variants()]
        facts = view.line(studio.shelf.clip(number).facts, "good")
        return [{**here, "clip": number}, str(studio.playable(number)), facts, *no_variants()]

    def uploaded(request: gr.Request, here: Here, file: str) -> list[Any]:
        return taken(request, here, lambda visit: visit.take(Path(file)))

    def chosen(request: gr.Request, here: Here, event: gr.EventData) -> list[Any]:
        return taken(request, here, lambda visit: visit.take_example(event.pick))

    clip.video.upload(uploaded, [here, clip.video], outputs, show_progress_on=clip.line, **PRIVATE)
    clip.examples.click(chosen, [here], outputs, show_progress_on=clip.line, **PRIVATE)
    clip.video.clear(lambda here: [{**here, "clip": ""}, "", *no_variants()], [here], [here, *outputs[2:]], **QUIET)


def no_variants() -> list[Any]:
    """The part of the variants, empty."""
    return ["", "", ""]


def wire_wish(studio: Studio, parts: Parts) -> None:
    """Try the wish on the anchors, or render the whole video."""
    wish, here, shown = parts.wish, parts.here, parts.variants
    names, boxes = list(wish.settings), list(wish.settings.values())
    tries = [wish.line, shown.line, shown.pairs, shown.tried]

    def try_it(request: gr.Request, here: Here, text: str, *values: Any) -> Iterator[list[Any]]:
        try:
            wanted = studio.wish(text, to_settings(names, values))
            variant = yield from following(
                lambda report: visit_of(studio, request).try_wish(here["clip"], wanted, report),
                lambda words: ["", view.line(words), gr.skip(), gr.skip()],
            )
        except FairyError as error:
            yield [
                view.line(missing(here, text) or in_words(error, studio.shelf.private), "error"),
                "",
                gr.skip(),
                gr.skip(),
            ]
        else:
            yield ["", *show_variants(studio, here["clip"], variant)]

    def render(request: gr.Request, here: Here, text: str, *values: Any) -> list[Any]:
        try:
            wanted = studio.wish(text, to_settings(names, values))
            job = visit_of(studio, request).submit(here["clip"], wanted)
        except FairyError as error:
            return [here, view.line(missing(here, text) or in_words(error, studio.shelf.private), "error")]
        return [{**here, "job": job.number}, ""]

    options: dict[str, Any] = {
        "concurrency_id": "device",
        "concurrency_limit": 1,
        "show_progress_on": shown.line,
        "js": TO_THE_FRAMES,
        **PRIVATE,
    }
    asked = [here, wish.text, *boxes]
    for chip in wish.chips:
        chip.click(lambda text=chip.value: text, None, wish.text, **QUIET).then(try_it, asked, tries, **options)
    wish.try_it.click(try_it, asked, tries, **options)
    wish.text.submit(try_it, asked, tries, **options)
    wish.next_seed.click(lambda seed: seed + 1, wish.settings["seed"], wish.settings["seed"], **QUIET).then(
        try_it, asked, tries, **options
    )
    wish.render.click(render, asked, [here, wish.line], **QUIET).success(None, js=TO_THE_JOB, **PRIVATE)
    wire_settings(studio, parts)


def wire_settings(studio: Studio, parts: Parts) -> None:
    """A model brings its own defaults; a variant that is clicked brings its settings back."""
    wish, here, shown = parts.wish, parts.here, parts.variants
    own = ["text_guidance", "image_guidance", "num_steps", "long_side"]

    def defaults_of(model: str) -> list[Any]:
        return [getattr(studio.choices.defaults[model], name) for name in own]

    def back(request: gr.Request, here: Here, event: gr.EventData) -> list[Any]:
        tried = visit_of(studio, request).variants(here["clip"])
        variant = next(each for each in tried if str(each.number) == event.pick)
        return [
            variant.wish.instruction,
            *to_boxes(studio, variant.wish, wish.settings),
            *show_variants(studio, here["clip"], variant),
        ]

    wish.settings["model"].input(defaults_of, wish.settings["model"], [wish.settings[name] for name in own], **QUIET)
    outputs = [wish.text, *wish.settings.values(), shown.line, shown.pairs, shown.tried]
    shown.tried.click(back, [here], outputs, **QUIET)


def to_settings(names: list[str], values: tuple[Any, ...]) -> dict[str, Any]:
    """What the boxes say. The usual number of anchors is left open, as very short videos have fewer."""
    settings = dict(zip(names, values, strict=True))
    return settings | ({"num_anchors": None} if settings["num_anchors"] == DEFAULT_NUM_ANCHORS else {})


def to_boxes(studio: Studio, wish: Wish, names: Iterable[str]) -> list[Any]:
    """A wish in the boxes; what it leaves open is shown as what the model does."""
    if wish.model not in studio.choices.defaults:  # it was offered when this was tried
        wish = replace(wish, model=EMBEDDED, lora=None)
    usual = {**asdict(studio.choices.usual(wish.model)), "num_anchors": DEFAULT_NUM_ANCHORS, "lora": ""}
    return [usual.get(name) if (value := getattr(wish, name)) is None else value for name in names]


def missing(here: Here, text: str) -> str:
    """What a visitor has left out; empty where nothing."""
    if not here["clip"]:
        return "Choose a video first: upload one, or click an example."
    return "" if (text or "").strip() else "Say what to change: click an instruction, or type one."


def show_variants(studio: Studio, clip: str, variant: Variant) -> list[Any]:
    """A variant, large, and all that were tried on its clip, small."""
    folder = studio.shelf.served / clip
    tried = studio.variants(clip)
    return [
        view.line(view.variant_line(variant), "good"),
        pictures.pairs(variant, folder / str(variant.number)),
        pictures.tried(tried, folder, variant.number),
    ]


def wire_jobs(studio: Studio, parts: Parts) -> None:
    """Look at a job, stop it, let it go on, render frames again. A clock keeps the page at the truth."""
    jobs, here = parts.jobs, parts.here
    seen = gr.State(("", ""))
    jobs.jobs.input(lambda here, number: {**here, "job": number}, [here, jobs.jobs], here, **QUIET)

    def cancel(request: gr.Request, here: Here) -> None:
        on_job(studio, here, visit_of(studio, request).cancel)

    def go_on(request: gr.Request, here: Here) -> None:
        on_job(studio, here, visit_of(studio, request).go_on)

    def tick(request: gr.Request, here: Here, seen: tuple[str, str]) -> list[Any]:
        return refresh(studio, visit_of(studio, request), here, seen)

    jobs.cancel.click(cancel, here, None, **QUIET)
    jobs.go_on.click(go_on, here, None, **QUIET)

    def redo(request: gr.Request, here: Here, first: int, last: int, seed: int, instruction: str) -> str:
        wanted = Redo(
            first=int(first or 0), stop=int(last or 0) + 1, seed=seed, instruction=instruction.strip() or None
        )
        try:
            visit_of(studio, request).redo(here["job"], wanted)
        except FairyError as error:
            return view.line(in_words(error, studio.shelf.private), "error")
        return view.line("Rendering these frames again; the rest stays as it is.")

    inputs = [here, jobs.first, jobs.last, jobs.seed, jobs.instruction]
    jobs.redo.click(redo, inputs, jobs.redo_line, **QUIET)
    outputs = [seen, jobs.jobs, jobs.status, jobs.cancel, jobs.go_on, *jobs.shown, jobs.last]
    gr.Timer(1.0).tick(tick, [here, seen], outputs, **QUIET)


def on_job(studio: Studio, here: Here, act: Callable[[str], Any]) -> None:
    """Do something with the job that is looked at."""
    try:
        act(here["job"])
    except FairyError as error:
        gr.Warning(in_words(error, studio.shelf.private))


def refresh(studio: Studio, visit: Visit, here: Here, seen: tuple[str, str]) -> list[Any]:
    """What is new: the list and the progress, and, where there is a new one, the result."""
    all_jobs = visit.jobs()
    job = next((each for each in all_jobs if each.number == here["job"]), None)
    progress, light = show_progress(studio, all_jobs, job)
    result = f"{job.number} {len(job.redone)}" if job and studio.result(job) else ""
    new = (progress, result)
    updates = light if progress != seen[0] else [gr.skip()] * len(light)
    shown = show_result(studio, job if result else None) if result != seen[1] else [gr.skip()] * 8
    return [new if new != tuple(seen) else gr.skip(), *updates, *shown]


def show_progress(studio: Studio, all_jobs: list[Job], job: Job | None) -> tuple[str, list[Any]]:
    """The list, the status and the buttons, and all of it as one text that tells whether anything is new."""
    live = studio.runs.live
    choices = [(view.job_label(each, studio.shelf.clip(each.clip).name, live), each.number) for each in all_jobs]
    words = "Click one of the jobs to look at it." if all_jobs else "Nothing rendered yet."
    status = f"<p class='fairy-faint'>{words}</p>"
    if job:
        status = view.job_status(job, studio.shelf.clip(job.clip).name, live, studio.runs.queue_before(job))
    running = bool(job and job.state in (WAITING, RUNNING))
    stopped = bool(job and job.state in (STOPPED, FAILED))
    light = [
        gr.Radio(choices, value=job.number if job else None, visible=bool(choices)),
        status,
        gr.Button(visible=running),
        gr.Button(visible=stopped),
    ]
    return f"{choices} {status} {running} {stopped}", light


def show_result(studio: Studio, job: Job | None) -> list[Any]:
    """The finished video in all its ways."""
    comparison, video = (studio.comparison(job), studio.result(job)) if job else (None, None)
    if not (job and comparison and video):
        return [gr.Column(visible=False), "", None, None, None, "", "", gr.skip()]
    files = [str(comparison), str(video), str(video)]
    return [gr.Column(visible=True), view.url_of(comparison), *files, *studio.commands(job), job.num_frames - 1]


def wire_return(page: gr.Blocks, studio: Studio, parts: Parts) -> None:
    """A page that is opened again finds its clip, what was tried on it, and its job."""
    clip, shown, here, settings = parts.clip, parts.variants, parts.here, parts.wish.settings

    def come_back(request: gr.Request, here: Here | None) -> list[Any]:
        here = {**NOBODY, **(here or {})}
        try:
            number = here["clip"]
            known = visit_of(studio, request).clip(number)
        except FairyError:
            return [{**here, "clip": ""}, *[gr.skip()] * (6 + len(settings))]
        tried = studio.variants(number)
        latest = show_variants(studio, number, tried[-1]) if tried else no_variants()
        wish = tried[-1].wish if tried else None
        boxes = [wish.instruction, *to_boxes(studio, wish, settings)] if wish else [gr.skip()] * (1 + len(settings))
        return [here, str(studio.playable(number)), view.line(known.facts, "good"), *latest, *boxes]

    outputs = [here, clip.video, clip.line, shown.line, shown.pairs, shown.tried, parts.wish.text, *settings.values()]
    page.load(come_back, here, outputs, **QUIET)
