"""Settings as ComfyUI's inputs."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from fairy.comfy.settings import Widget, widgets


def inputs(settings: type, *names: str) -> list[Any]:
    """An input for each of these fields of a dataclass of settings; of all fields where none is named."""
    return [as_input(widget) for widget in widgets(settings, *names)]


def as_input(widget: Widget) -> Any:
    """The input of ComfyUI's for one setting."""
    about = {"default": widget.default, "tooltip": widget.tooltip}
    if widget.kind is bool:
        return io.Boolean.Input(widget.name, **about)
    if widget.choices:
        return io.Combo.Input(widget.name, options=list(widget.choices), **about)
    if widget.kind is str:
        return io.String.Input(widget.name, **about)
    low, high, step = map(widget.kind, (widget.low, widget.high, widget.step))
    about |= {"min": low, "max": high, "step": step}
    if widget.kind is float:
        return io.Float.Input(widget.name, **about)
    # The page would make another one of a seed at each Queue, and then nothing would go on after Interrupt.
    return io.Int.Input(widget.name, control_after_generate=False, **about)


def instruction() -> Any:
    """What to change."""
    return io.String.Input(
        "instruction", default="make it night", multiline=True, tooltip="What to change, in plain words."
    )
