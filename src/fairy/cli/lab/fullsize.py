"""The command that measures edits carried to full size: `fairy lab fullsize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fairy.cli.lab.bench import command_line
from fairy.cli.options import Silent, value
from fairy.cli.printing import reporting
from fairy.config import EMBEDDED
from fairy.errors import UsageError


def fullsize(
    *,
    output: Annotated[Path, value("FOLDER", alias="-o")],
    model: str = EMBEDDED,
    clips: int = 6,
    quiet: Silent = False,
) -> None:
    """Measure edits carried to full size against exact truth.

    Args:
        output: Where the dated page and table go; those of the same day are replaced.
        model: Its own edits are carried, too: a folder, a hub id, or embedded.
        clips: How many synthetic clips, with 14 edits each.
    """
    if clips < 1:
        raise UsageError(f"--clips {clips}: must be 1 or more")
    from fairy import models
    from fairy.lab.fullsize import measure, write_page

    loaded = models.load(model)
    with reporting(quiet) as report:
        rows = measure(loaded, clips, report)
    page = write_page(output, rows, loaded, command_line())
    if not quiet:
        print(f"{page}: {len(rows)} cases")
