"""What happens on the page: each event is a call of the studio; what came of it is shown by showing.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from fairy.errors import FairyError, UsageError
from fairy.web import pictures, view
from fairy.web.api import visit_of
from fairy.web.boxes import OF_MODEL, part_of, to_boxes, to_settings
from fairy.web.choices import EXAMPLES
from fairy.web.page import NOBODY, Parts
from fairy.web.settings import Wish
from fairy.web.shelf import Redo
from fairy.web.showing import Here, Now, Seen, Update, error_line, look_round, missing, show
from fairy.web.strip import pick
from fairy.web.studio import Studio
from fairy.web.visit import Visit

SECONDS_BETWEEN_LOOKS = 0.8
TO_THE_TRIES = """(...all) => {
  setTimeout(() => document.querySelector('#variant-line').scrollIntoView({behavior: 'smooth', block: 'center'}), 200);
  return all;
}"""
TO_THE_STAGE = "() => document.querySelector('#stage').scrollIntoView({behavior: 'smooth', block: 'start'})"
TO_THE_WISH = """() => {
  const chips = document.querySelector('#chips');
  if (chips.getBoundingClientRect().top < innerHeight - 120) return;
  chips.scrollIntoView({behavior: 'smooth', block: 'center'});
}"""
PRIVATE: dict[str, Any] = {"api_visibility": "private", "api_name": "page"}
QUIET: dict[str, Any] = {**PRIVATE, "show_progress": "hidden", "queue": False}


class Wiring:
    """The events of one page."""

    def __init__(self, studio: Studio, parts: Parts) -> None:
        self.studio, self.parts = studio, parts
        self.names = list(parts.wish.settings)
        self.boxes = list(parts.wish.settings.values())
        self.state = [parts.here, parts.seen, parts.wish.text]
        """What every event is told first; then come the boxes."""

    @property
    def everything(self) -> list[Any]:
        """All that an event may change."""
        parts = self.parts
        fixed = ("chips", "settings", "examples", "redo")
        groups = (vars(group) for group in (parts.clip, parts.wish, parts.tries, parts.jobs))
        named = [each for group in groups for name, each in group.items() if name not in fixed]
        return [parts.here, parts.seen, *self.boxes, *named]

    def on(self, event: Any, act: Callable[..., Update], more: tuple[Any, ...] = (), **options: Any) -> Any:
        """`act(visit, here, now, ...)` on an event, with the values of `more`; then the page shows what is so."""
        num_boxes = len(self.boxes)

        def handle(request: gr.Request, happened: gr.EventData, here: Here, seen: Seen, text: str, *values: Any) -> Any:
            here, visit = {**NOBODY, **(here or {})}, visit_of(self.studio, request)
            boxes, rest = values[:num_boxes], values[num_boxes:]
            event = Event(self, visit, here, text, boxes, rest, getattr(happened, "_data", None) or {})
            updates = act(event)
            return updates | self.shown(visit, updates, here, seen, text, boxes)

        inputs = [*self.state, *self.boxes, *more]
        return event(handle, inputs, self.everything, **{**QUIET, **options})

    def shown(self, visit: Visit, updates: Update, here: Here, seen: Seen, text: str, boxes: Any) -> Update:
        """What is new on the page after an event, which may have changed boxes itself."""
        settings = {name: updates.get(box, value) for (name, box), value in zip(self.boxed(), boxes, strict=True)}
        here = updates.get(self.parts.here, here)
        text = updates.get(self.parts.wish.text, text)
        return show(self.parts, self.now(visit, here, text, settings), seen or {})

    def now(self, visit: Visit, here: Here, text: str, settings: dict[str, Any]) -> Now:
        """What is so."""
        return look_round(visit, here, text, settings["seed"], settings["start"], settings["end"])

    def boxed(self) -> list[tuple[str, Any]]:
        """Names and boxes."""
        return list(self.parts.wish.settings.items())


class Event:
    """One thing that a visitor has done."""

    def __init__(
        self, wiring: Wiring, visit: Visit, here: Here, text: str, boxes: Any, rest: Any, data: dict[str, Any]
    ) -> None:
        self.wiring, self.visit, self.here, self.text = wiring, visit, here, text
        self.boxes, self.rest, self.data = boxes, rest, data

    @property
    def pick(self) -> str:
        """What was clicked."""
        return str(self.data.get("pick", ""))

    def settings(self, **changes: Any) -> dict[str, Any]:
        """What the boxes say, with changes."""
        given = dict(zip(self.wiring.names, self.boxes, strict=True)) | changes
        return to_settings(self.wiring.studio, given, given.values())

    def wish(self, text: str, **changes: Any) -> Wish:
        """The wish of now. UsageError where something is left out or wrong."""
        if lacking := missing(self.here["clip"], text):
            raise UsageError(lacking)
        return self.wiring.studio.wish(text, self.settings(**changes))


def wire(page: gr.Blocks, studio: Studio, parts: Parts) -> None:
    """Connect everything."""
    wiring = Wiring(studio, parts)
    wire_clip(wiring)
    wire_wish(wiring)
    wire_jobs(wiring)
    wiring.on(gr.Timer(SECONDS_BETWEEN_LOOKS).tick, only_look)
    wiring.on(page.load, come_back)


def wire_clip(wiring: Wiring) -> None:
    """A clip comes in: it is looked through, and begins with default settings."""
    clip, parts, studio = wiring.parts.clip, wiring.parts, wiring.studio

    def taken(event: Event, take: Callable[[], str]) -> Update:
        try:
            number = take()
        except FairyError as error:
            return {clip.upload: None, clip.line: error_line(studio, error)}
        here = {**NOBODY, "clip": number}
        found = event.visit.clip(number)
        start, end = part_of(found)
        boxes = dict(zip(wiring.names, to_boxes(studio, Wish(instruction="-"), wiring.names), strict=True))
        return {
            parts.here: here,
            clip.upload: None,
            clip.line: view.line(f"{found.name}: {found.facts}"),
            clip.chooser: gr.Accordion("Choose another video", open=False),
            parts.wish.part: gr.Row(visible=end is not None),
            parts.wish.line: "",
            parts.tries.fold: gr.Accordion(open=True),
            **{parts.wish.settings[name]: value for name, value in (boxes | {"start": start, "end": end}).items()},
        }

    def uploaded(event: Event) -> Update:
        (file,) = event.rest
        return taken(event, lambda: event.visit.take(Path(file))) if file else {}

    def chosen(event: Event) -> Update:
        updates = taken(event, lambda: event.visit.take_example(event.pick))
        if parts.here not in updates:
            return updates
        instruction, number = EXAMPLES[event.pick].instruction, updates[parts.here]["clip"]
        if not event.visit.variants(number):
            event.visit.begin_try(number, Wish(instruction=instruction))
        return updates | {parts.wish.text: instruction}

    options: dict[str, Any] = {"show_progress": "minimal", "show_progress_on": clip.line, "queue": True}
    wiring.on(clip.upload.upload, uploaded, (clip.upload,), **options).then(None, js=TO_THE_WISH, **PRIVATE)
    wiring.on(clip.examples.click, chosen, **options).then(None, js=TO_THE_WISH, **PRIVATE)


def wire_wish(wiring: Wiring) -> None:
    """Try the wish on the anchors, or render the whole video."""
    parts, studio, wish = wiring.parts, wiring.studio, wiring.parts.wish

    def begin(event: Event, text: str, **changes: Any) -> Update:
        shown = {parts.wish.text: text, **{wish.settings[name]: value for name, value in changes.items()}}
        try:
            event.visit.begin_try(event.here["clip"], event.wish(text, **changes))
        except FairyError as error:
            return shown | {wish.line: error_line(studio, error)}
        return shown | {
            parts.here: {**event.here, "variant": ""},
            wish.line: "",
            parts.tries.fold: gr.Accordion(open=True),
        }

    def render(event: Event) -> Update:
        try:
            job = event.visit.submit(event.here["clip"], event.wish(event.text))
        except FairyError as error:
            return {wish.line: error_line(studio, error)}
        return {
            parts.here: {**event.here, "job": job.number},
            wish.line: "",
            parts.tries.fold: gr.Accordion(open=False),
        }

    def defaults(event: Event) -> Update:
        usual = studio.choices.usual(dict(zip(wiring.names, event.boxes, strict=True))["model"])
        return {wish.settings[name]: getattr(usual, name) for name in OF_MODEL}

    def back(event: Event) -> Update:
        tried = {str(each.number): each for each in event.visit.variants(event.here["clip"])}
        if event.pick not in tried:
            return {}
        return {parts.here: {**event.here, "variant": event.pick}, **of_wish(wiring, tried[event.pick].wish)}

    towards: dict[str, Any] = {"js": TO_THE_TRIES, "trigger_mode": "multiple"}
    wiring.on(wish.chips.click, lambda event: begin(event, event.pick), **towards)
    wiring.on(wish.try_it.click, lambda event: begin(event, event.text), **towards)
    wiring.on(wish.text.submit, lambda event: begin(event, event.text), **towards)
    wiring.on(
        wish.next_seed.click,
        lambda event: begin(event, event.text, seed=int(event.settings()["seed"] or 0) + 1),
        **towards,
    )
    wiring.on(wish.text.input, only_look, trigger_mode="always_last")
    wiring.on(wish.render.click, render).then(None, js=TO_THE_STAGE, **PRIVATE)
    wiring.on(wish.settings["model"].input, defaults)
    wiring.on(parts.tries.tried.click, back)


def of_wish(wiring: Wiring, wish: Wish) -> Update:
    """A wish in the boxes."""
    values = to_boxes(wiring.studio, wish, wiring.names)
    return {wiring.parts.wish.text: wish.instruction, **dict(zip(wiring.boxes, values, strict=True))}


def wire_jobs(wiring: Wiring) -> None:
    """Look at a job, stop it, let it go on, render frames again."""
    parts, jobs, studio = wiring.parts, wiring.parts.jobs, wiring.studio

    def look_at(event: Event) -> Update:
        job = event.visit.job(event.rest[0])
        return {parts.here: {**NOBODY, "clip": job.clip, "job": job.number}, **of_wish(wiring, job.wish)}

    def act(event: Event) -> Update:
        do = {"cancel": event.visit.cancel, "continue": event.visit.go_on}.get(event.pick)
        if do:
            do(event.here["job"])
        return {}

    def redo(event: Event) -> Update:
        first, last, seed, instruction = event.rest
        wanted = Redo(
            first=int(first or 0),
            stop=int(last or 0) + 1,
            seed=int(seed or 0),
            instruction=(instruction or "").strip() or None,
        )
        try:
            event.visit.redo(event.here["job"], wanted)
        except FairyError as error:
            return {jobs.redo_line: error_line(studio, error)}
        return {jobs.redo_line: view.line("Rendering these frames again; the rest stays as it is.")}

    def picked(event: Event) -> Update:
        job = event.visit.job(event.here["job"])
        former = [int(each or 0) for each in event.rest]
        first, last = pick(former[0], former[1], int(event.pick))
        return {jobs.first: first, jobs.last: last, jobs.strip: pictures.strip(studio.strip(job), first, last)}

    wiring.on(jobs.jobs.input, look_at, (jobs.jobs,))
    wiring.on(jobs.bar.click, act)
    wiring.on(jobs.redo.click, redo, (jobs.first, jobs.last, jobs.seed, jobs.instruction))
    wiring.on(jobs.strip.click, picked, (jobs.first, jobs.last))


def only_look(event: Event) -> Update:  # noqa: ARG001
    """Nothing was done but time has passed, or words were typed: the page shows what is so."""
    return {}


def come_back(event: Event) -> Update:
    """A page that is opened again finds its clip, what was tried on it, and its job."""
    wiring, visit, parts = event.wiring, event.visit, event.wiring.parts
    try:
        clip = visit.clip(event.here["clip"])
    except FairyError:
        return {parts.here: {**NOBODY, "job": event.here["job"]}, parts.seen: {}}
    tried, attempt = visit.variants(event.here["clip"]), visit.latest_try()
    wish = attempt.wish if attempt and not attempt.done else tried[-1].wish if tried else None
    _, end = part_of(clip)
    return {
        parts.here: event.here,
        parts.clip.line: view.line(f"{clip.name}: {clip.facts}"),
        parts.clip.chooser: gr.Accordion("Choose another video", open=False),
        parts.wish.part: gr.Row(visible=end is not None),
        **(of_wish(wiring, wish) if wish else {}),
    }
