"""The help of every command as Markdown: `python -m fairy.cli.reference docs/reference/command-line.md` writes it anew.

The page is prose, with places in it that are filled in here: `<!-- fairy edit -->` ... `<!-- end -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App, Group
from cyclopts.help import HelpEntry, create_parameter_help_panel, format_doc

from fairy.cli.help import first_sentence, names_of, text_of, usage_of
from fairy.cli.main import app

PLACE = re.compile(r"<!-- fairy(.*?) -->\n.*?<!-- end -->", re.DOTALL)


def refreshed(page: str) -> str:
    """The page with every place in it as the help is now."""
    return PLACE.sub(lambda place: f"<!-- fairy{place[1]} -->\n\n{describe(place[1].split())}\n\n<!-- end -->", page)


def describe(words: list[str]) -> str:
    """A command as Markdown: how it is written, what it does, its options. `words` are what follows `fairy`."""
    command: App = app
    for word in words:
        command = command[word]
    usage = command.usage or usage_of(command, ["fairy", *words])
    known = tables(command) if command.default_command else [subcommands(command)]
    return "\n\n".join([f"```\n{usage}\n```", *about(command), *known])


def about(command: App) -> list[str]:
    """The paragraphs that say what it does."""
    paragraphs = text_of(format_doc(command, "plaintext")).split("\n\n")
    return [f"```\n{text}\n```" if text.startswith("fairy ") else " ".join(text.split()) for text in paragraphs]


def subcommands(command: App) -> str:
    """A table of what commands there are."""
    shown = [name for name in command if not name.startswith("-")]
    lines = [f"| `{name}` | {first_sentence(about(command[name])[0])} |" for name in shown]
    return "\n".join(["| command | |", "| --- | --- |", *lines])


def tables(command: App) -> Iterator[str]:
    """A table for each group of options."""
    found = command.assemble_argument_collection(parse_docstring=True)
    groups: list[Group] = [group for group in found.groups if group.show]
    for group in sorted(groups, key=lambda each: each.sort_key):
        panel = create_parameter_help_panel(group, found.filter_by(group=group), "plaintext")
        if panel.entries:
            yield "\n".join([f"| {group.name} | | default |", "| --- | --- | --- |", *map(row, panel.entries)])


def row(entry: HelpEntry) -> str:
    """An option."""
    words = " ".join(text_of(entry.description).split())
    cells = [f"`{names_of(entry)}`", words, "(required)" if entry.required else entry.default or ""]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
