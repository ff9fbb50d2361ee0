"""The command line and the Python program that give the same file as a job of the page, byte for byte."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import Any

from fairy.config import EditConfig, ModelConfig, VideoConfig, flag
from fairy.models import Defaults
from fairy.web.shelf import Job, Redo

CONFIGS = {"edit": EditConfig, "model": ModelConfig, "video": VideoConfig}


def command_line(job: Job, source: str, defaults: Defaults, device: str = "auto") -> str:
    """Commands for a shell, to be given where the source lies."""
    settings = [
        f"{flag(name)} {shlex.quote(plain(value))}"
        for values in changed(job, defaults, device).values()
        for name, value in values.items()
    ]
    kept = ["--keep-job"] if job.redone else []
    words = [
        "fairy edit",
        shlex.quote(as_file(source)),
        shlex.quote(job.wish.instruction),
        "-o",
        shlex.quote(job.output),
    ]
    return "\n".join([" ".join([*words, *settings, *kept]), *(redo_line(job, each) for each in job.redone)])


def redo_line(job: Job, redo: Redo) -> str:
    """The command for frames that were rendered again."""
    words = [f"{flag(name)} {shlex.quote(plain(value))}" for name, value in redo_changes(redo).items()]
    return " ".join(["fairy redo", shlex.quote(job.output), f"--frames {redo.first}:{redo.stop}", *words])


def python_program(job: Job, source: str, defaults: Defaults, device: str = "auto") -> str:
    """The same in Python."""
    lines = [repr(as_file(source)), repr(job.wish.instruction), repr(job.output)]
    for name, values in changed(job, defaults, device).items():
        if values:
            lines.append(f"{name}=fairy.{CONFIGS[name].__name__}({arguments(values)})")
    if job.redone:
        lines.append("job=fairy.JobConfig(keep_job=True)")
    call = "fairy.edit_video(\n" + "".join(f"    {line},\n" for line in lines) + ")"
    again = [
        ", ".join([f"fairy.redo({job.output!r}", f"({each.first}, {each.stop})", *arguments_of(each)]) + ")"
        for each in job.redone
    ]
    return "\n".join(["import fairy", "", call, *again])


def changed(job: Job, defaults: Defaults, device: str) -> dict[str, dict[str, Any]]:
    """Of each group of settings those that differ from what the model does by itself."""
    usual = vars(defaults)
    wished = vars(job.wish) | {"device": device}
    return {
        group: {
            each.name: wished[each.name]
            for each in fields(config)
            if each.name in wished and wished[each.name] not in (each.default, usual.get(each.name, each.default))
        }
        for group, config in CONFIGS.items()
    }


def redo_changes(redo: Redo) -> dict[str, Any]:
    """What a redo has of its own."""
    names = ("seed", "instruction", "text_guidance")
    return {name: getattr(redo, name) for name in names if getattr(redo, name) is not None}


def arguments_of(redo: Redo) -> list[str]:
    """The same as arguments of Python."""
    return [f"{name}={value!r}" for name, value in redo_changes(redo).items()]


def arguments(values: dict[str, Any]) -> str:
    """Keyword arguments."""
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def plain(value: Any) -> str:
    """A value as a shell gives it; a number so that it is read back to the last bit."""
    return repr(value) if isinstance(value, float) else str(value)


def as_file(name: str) -> str:
    """A file's name that no command takes for an option."""
    return f"./{name}" if name.startswith("-") else name
