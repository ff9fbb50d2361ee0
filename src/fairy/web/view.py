"""What a person reads of clips, variants and jobs: lines and small pieces of HTML. All that people type is escaped."""

from __future__ import annotations

import time
from html import escape

from fairy.report import STAGES, describe_progress
from fairy.web.pictures import url_of
from fairy.web.runs import Live
from fairy.web.shelf import DONE, FAILED, RUNNING, STOPPED, WAITING, Job
from fairy.web.variants import Variant

WORDS = {WAITING: "waiting", RUNNING: "running", STOPPED: "stopped", FAILED: "failed", DONE: "done"}


def line(text: str, kind: str = "plain") -> str:
    """A line for a person; `kind` is plain, error or good."""
    if not text:
        return ""
    role = ' role="alert"' if kind == "error" else ' role="status"'
    return f'<p class="fairy-line {kind}"{role}>{escape(text)}</p>'


def progress_of(job: Job, live: Live | None) -> tuple[int, int | None, str]:
    """How far a job is: done, of how many, and in words with speed and time left. Frames kept from before count."""
    if live is None or live.job.number != job.number:
        return 0, None, ""
    words, unit = STAGES[live.stage]
    done, total, before = live.done, live.total, live.before
    if live.stage == "frames" and total and not job.redoing:
        kept = job.num_frames - total
        done, total, before = done + kept, job.num_frames, before + kept
    account = describe_progress(done, total, unit, time.monotonic() - live.begun, before)
    return done, total, f"{words}: {account}" if account else f"{words} ..."


def job_label(job: Job, clip_name: str, live: Live | None) -> str:
    """One job in the list."""
    state = WORDS[job.state]
    if job.state == RUNNING:
        done, total, _ = progress_of(job, live)
        state = f"{100 * done // total} %" if total and live and live.stage == "frames" else state
    when = time.strftime("%d %b %H:%M", time.localtime(job.created))
    return f"{job.wish.instruction} · {clip_name} · {when} · {state}"


def job_status(job: Job, clip_name: str, live: Live | None, before: int) -> str:
    """Headline, bar, numbers and the newest frame of one job."""
    title = f"<h3>{escape(job.wish.instruction)}</h3><p class='fairy-faint'>{escape(clip_name)}</p>"
    return f'<div class="fairy-job {job.state}">{title}{_state(job, live, before)}</div>'


def _state(job: Job, live: Live | None, before: int) -> str:
    if job.state == RUNNING:
        return _running(job, live)
    if job.state == WAITING:
        others = (
            "the next one" if before == 0 else "one job comes first" if before == 1 else f"{before} jobs come first"
        )
        return line(f"Waiting for its turn: {others}.")
    if job.state == STOPPED:
        return line(f"{job.message} Stopped. What is done is kept: Go on continues from there.".strip())
    if job.state == FAILED:
        return line(f"It did not work. {job.message}", "error")
    speed = f" in {job.seconds:.1f} s" if job.seconds else ""
    return line(f"Done: {job.num_frames} frames{speed}. {job.message}".strip(), "good")


def _running(job: Job, live: Live | None) -> str:
    done, total, words = progress_of(job, live)
    amount = f'value="{done}" max="{total}"' if total else ""
    bar = f'<progress {amount} aria-label="Progress"></progress>'
    newest = ""
    if live and live.newest:
        newest = (
            f'<img src="{url_of(live.newest)}" alt="The newest finished frame"><p class="fairy-faint">newest frame</p>'
        )
    return f"{bar}{line(words or 'Starting ...')}{newest}"


def variant_line(variant: Variant) -> str:
    """What was tried, above its pictures."""
    anchors = sum(shown.anchor for shown in variant.shown)
    return (
        f"{variant.wish.instruction}: {anchors} anchors in {variant.seconds:.1f} s. Source on the left, edit on the"
        " right. The whole video will have exactly these frames."
    )
