"""What a person reads of clips, variants and jobs: lines and small pieces of HTML. All that people type is escaped."""

from __future__ import annotations

import time
from html import escape

from fairy.report import STAGES
from fairy.web.runs import Live
from fairy.web.shelf import DONE, FAILED, RUNNING, STOPPED, WAITING, Job
from fairy.web.timing import in_words
from fairy.web.variants import Variant

WORDS = {WAITING: "waiting", RUNNING: "running", STOPPED: "stopped", FAILED: "failed", DONE: "done"}
SHARES = {"frames": (0.04, 0.86), "writing": (0.86, 0.93), "comparing": (0.93, 1.0)}
"""From where to where of a whole job each stage goes; those that come before are its beginning."""
PREPARING = ("waiting", "reading", "loading", "workers", "anchors")


def line(text: str, kind: str = "plain") -> str:
    """A line for a person; `kind` is plain, error, warn or good."""
    if not text:
        return ""
    role = ' role="alert"' if kind == "error" else ' role="status"'
    return f'<p class="fairy-line {kind}"{role}>{escape(text)}</p>'


def progress_of(job: Job, live: Live | None) -> tuple[int, int | None, str]:
    """How far a job is: done, of how many, and in words with the time left. Frames kept from before count."""
    if live is None or live.job.number != job.number:
        return 0, None, ""
    if live.ended.is_set():
        return live.done, live.total, "Stopping after this frame"
    done, total = live.done, live.total
    if live.stage in PREPARING:
        return 0, None, "Waiting for the device" if live.stage == "waiting" else "Preparing"
    if live.stage == "frames" and total and not job.redoing:
        done, total = done + job.num_frames - total, job.num_frames
    words, unit = STAGES[live.stage]
    left = time_left(live)
    return done, total, f"{words}: {done} of {total} {unit}" + (f", about {in_words(left)} left" if left else "")


def share_of(job: Job, live: Live | None) -> float:
    """How much of all stages is done, 0 to 1."""
    done, total, _ = progress_of(job, live)
    if live is None or live.stage not in SHARES or not total:
        return 0.0
    low, high = SHARES[live.stage]
    return low + (high - low) * min(1.0, done / total)


def time_left(live: Live) -> float | None:
    """Seconds until a job is done, all stages together; None where nothing is known yet."""
    if live.stage not in SHARES or not live.total or live.done <= live.before:
        return None
    elapsed = time.monotonic() - live.begun
    if elapsed < 1.0:
        return None
    low, high = SHARES[live.stage]
    rest = elapsed * (live.total - live.done) / (live.done - live.before)
    # What comes after this stage takes its share of the time of the whole, by what this stage is expected to take.
    whole = elapsed * (live.total - live.before) / (live.done - live.before)
    return rest + whole * (1.0 - high) / (high - low) if live.stage == "frames" else rest


def job_label(job: Job, clip_name: str, live: Live | None) -> str:
    """One job in the list."""
    state = WORDS[job.state]
    if job.state == RUNNING:
        state = f"{100 * share_of(job, live):.0f} %" if live and live.job.number == job.number else state
    when = time.strftime("%d %b %H:%M", time.localtime(job.created))
    return f"{job.wish.instruction} · {clip_name} · {when} · {state}"


def bar(job: Job | None, live: Live | None, before: int, trying: bool) -> str:
    """The slim bar of a job that is not done: name, share, what happens, one button; and the tab's title."""
    if job is None or job.state == DONE:
        title = "Trying - Fairy" if trying else "Done - Fairy" if job else "Fairy"
        return f'<div hidden data-state="{"done" if job else ""}" data-title="{title}"></div>'
    share = share_of(job, live)
    words, title = bar_words(job, live, before), WORDS[job.state].capitalize()
    if job.state == RUNNING and share:
        title = f"{100 * share:.0f} %"
        words = f"{title} · {words}"
    value = f'value="{share:.4f}"' if share or job.state != RUNNING else ""
    progress = f'<progress {value} max="1" aria-label="Progress"></progress>' if job.state == RUNNING else ""
    return (
        f'<div class="fairy-bar {job.state}" data-state="{job.state}" data-title="{title} - Fairy" role="status">'
        f'<p class="words"><b>{escape(job.wish.instruction)}</b> · {escape(words)}</p>{button(job, live)}{progress}'
        '<p class="fairy-lost-line">The server does not answer. What is done is kept; this page goes on by itself when'
        " it is back.</p></div>"
    )


def button(job: Job, live: Live | None) -> str:
    """What can be done with a job now."""
    if job.state in (STOPPED, FAILED):
        return '<button type="button" class="main" data-pick="continue">Continue</button>'
    stopping = bool(live and live.job.number == job.number and live.ended.is_set())
    return "" if stopping else '<button type="button" data-pick="cancel">Cancel</button>'


def bar_words(job: Job, live: Live | None, before: int) -> str:
    """What happens with a job that is not done."""
    if job.state == RUNNING:
        return progress_of(job, live)[2] or "Starting"
    if job.state == WAITING:
        if not before:
            return "Its turn is next"
        return "Waiting: one job comes first" if before == 1 else f"Waiting: {before} jobs come first"
    if job.state == STOPPED:
        of = f"{100 * job.kept // max(1, job.num_frames)} %, {job.kept} of {job.num_frames} frames"
        return f"{job.message} Stopped at {of}. What is done is kept.".strip()
    return f"It did not work. {job.message}"


def result_lines(job: Job) -> str:
    """What a person reads of a finished job: green, and below it what is to be known of it."""
    speed = f" in {in_words(job.seconds)}" if job.seconds else ""
    notes = "".join(line(note, "warn") for note in job.notes)
    return line(f"Done: {job.num_frames} frames{speed}.", "good") + notes


def variant_lines(variant: Variant) -> str:
    """What was tried, above its pictures; in green only where the model has understood."""
    anchors = sum(shown.anchor for shown in variant.shown)
    told = (
        f"“{variant.wish.instruction}”: {anchors} key frames in {variant.seconds:.1f} s. Before on the left, after on"
        " the right. The whole video will have exactly these frames."
    )
    return "".join(line(note[:1].upper() + note[1:] + ".", "warn") for note in variant.notes) + line(told)
