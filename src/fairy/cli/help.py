"""How a help text looks: usage, what the command does, then its options, a line or a paragraph each, without frames."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclopts import App
    from cyclopts.argument import Argument
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

WIDEST = 100
"""Columns: longer lines are hard to read."""
INDENT = 26
"""Columns before the text of an option."""


class Layout:
    """Prints the parts of a help text of an app, as cyclopts hands them out."""

    def __init__(self, app: App) -> None:
        self.app = app

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:  # noqa: ARG002
        """How the command is written."""
        chain = takewhile(lambda word: word.isalpha() and word.islower(), text_of(usage).split())
        show(console, f"Usage: {self.app.usage or usage_of(self.app, chain)}", "bold")

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:  # noqa: ARG002
        """What the command does."""
        for paragraph in text_of(description).split("\n\n"):
            is_command = paragraph.startswith("fairy ")
            show(console, f"\n  {paragraph}" if is_command else "\n" + wrapped(paragraph, columns(console)))

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:  # noqa: ARG002
        """A group of options or of commands."""
        if not panel.entries:
            return
        show(console, f"\n{panel.title}", "bold")
        if about := text_of(panel.description):
            show(console, wrapped(about, columns(console), "  "))
        is_commands = panel.format == "command"
        indent = 4 + max(len(names_of(entry)) for entry in panel.entries) if is_commands else INDENT
        for entry in panel.entries:
            words = first_sentence(text_of(entry.description)) if is_commands else explain(entry)
            for line in lines_of(names_of(entry), words, indent, columns(console)):
                show(console, line)


def columns(console: Console) -> int:
    """The width of a line."""
    return min(console.width, WIDEST)


def names_of(entry: HelpEntry) -> str:
    """How an option is written: `-o, --output OUTPUT`."""
    if entry.positional_label:
        return entry.positional_label
    names = ", ".join((*entry.positive_shorts, *entry.positive_names, *entry.negative_names))
    return f"{names} {entry.metavar}" if entry.metavar else names


def first_sentence(words: str) -> str:
    """What fits on a line."""
    return words.split(". ")[0].rstrip(".") + "."


def explain(entry: HelpEntry) -> str:
    """What an option means, and what counts without it."""
    words = " ".join(text_of(entry.description).split())
    if entry.required:
        return f"{words} (required)"
    return f"{words} (default: {entry.default})" if entry.default else words


def lines_of(name: str, words: str, indent: int, width: int) -> Iterator[str]:
    """The name on the left, the words on the right, below the name where it is too long."""
    lines = textwrap.wrap(words, width - indent, break_on_hyphens=False) or [""]
    if len(name) + 4 > indent:
        yield f"  {name}"
        name = ""
    yield f"  {name}".ljust(indent) + lines[0]
    yield from (" " * indent + line for line in lines[1:])


def wrapped(words: str, width: int, indent: str = "") -> str:
    """A paragraph."""
    return textwrap.fill(" ".join(words.split()), width, initial_indent=indent, subsequent_indent=indent)


def text_of(words: Any) -> str:
    """The letters of what cyclopts has made ready for rich."""
    words = getattr(words, "primary_renderable", words)
    return str(getattr(words, "plain", words) or "").rstrip()


def show(console: Console, text: str, style: str | None = None) -> None:
    """Print as it is."""
    console.print(text.rstrip(), style=style, markup=False, highlight=False, soft_wrap=True)


def usage_of(app: App, chain: Iterable[str]) -> str:
    """How a command is written: its own words, what it cannot do without, and that there is more."""
    if not app.default_command:
        return " ".join([*chain, "COMMAND ..."])
    found = app.assemble_argument_collection()
    shown = [argument for argument in found if argument.show and not argument.children]
    places = [name_of(argument) for argument in shown if argument.index is not None]
    needed = [name_of(argument) for argument in shown if argument.index is None and argument.required]
    others = ["[OPTIONS]"] * (len(shown) > len(places) + len(needed))
    return " ".join([*chain, *places, *needed, *others])


def name_of(argument: Argument) -> str:
    """How an argument is written: INPUT, [INPUT], -o OUTPUT."""
    if argument.index is not None:
        return argument.name if argument.required else f"[{argument.name}]"
    return f"{min(argument.names, key=len)} {argument.parameter.metavar}"
