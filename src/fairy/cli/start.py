"""What one begins with: `fairy demo`, `fairy models` and `fairy ui`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from fairy.cli.options import Json, Silent, Words, value
from fairy.cli.printing import print_json, reporting
from fairy.lazy import large_imports
from fairy.web.settings import WebConfig

if TYPE_CHECKING:
    from fairy.models import ModelEntry


def demo(
    *,
    output: Annotated[Path, value("FOLDER", alias="-o")] = Path("fairy-demo"),
    overwrite: bool = False,
    quiet: Silent = False,
) -> None:
    """Edit the built-in clip by five instructions.

    Writes five videos, one that shows everything side by side, and a contact sheet.

    Args:
        output: The folder to write into. It is made if it is not there.
        overwrite: Replace what an earlier demo wrote.
    """
    with large_imports():
        from fairy.cli.demo import SHEET, SIDE_BY_SIDE, run_demo

    with reporting(quiet) as report:
        videos = run_demo(output, overwrite=overwrite, report=report)
    if not quiet:
        print("\n".join(str(path) for path in videos))
        print(f"Look at {output / SIDE_BY_SIDE} and {output / SHEET}")


def models(*, as_json: Annotated[Json, Parameter(help="Print one JSON array instead of a table.")] = False) -> None:
    """List the models that can be loaded without a download."""
    from fairy.models import list_models

    found = list_models()
    if as_json:
        print_json([asdict(model) for model in found])
    else:
        print_models(found)


def print_models(models: Sequence[ModelEntry]) -> None:
    """The table of `fairy models`."""
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "size", "defaults", "where", box=None, pad_edge=False)
    for model in models:
        defaults = f"{model.defaults.long_side} px, {model.defaults.num_steps} steps"
        for guidance in ("text_guidance", "image_guidance"):
            if (scale := getattr(model.defaults, guidance)) is not None:  # not every family has both
                defaults += f", {guidance.partition('_')[0]} {scale:g}"
        if model.restriction:
            defaults += f"; {model.restriction}"
        table.add_row(model.name, f"{model.num_bytes / 1e6:,.0f} MB", defaults, str(model.path))
    Console().print(table)


WebOptions = Annotated[
    WebConfig | None,
    Parameter(name="*"),
    Words(
        host=("ADDRESS", None),
        public_name=("NAME", "no other; repeatable"),
        folder=("FOLDER", None),
        auth=("USER:FILE", "nobody is asked"),
        models=("FOLDER", "no further ones"),
        loras=("FOLDER", "those in the hub's cache"),
    ),
]


def ui(*, web: WebOptions = None, quiet: Silent = False) -> None:
    """Put up a web page on which videos are edited in a browser.

    Only this machine can reach it, unless --host says otherwise. Ctrl-C ends it; a render goes on with the next start.
    """
    from fairy.web.server import serve, wait

    web = web or WebConfig()
    with serve(web) as url:
        if not quiet:
            print(f"Open {url} in a browser. Ctrl-C ends it; everything is kept in {web.folder}.", flush=True)
        try:
            wait()
        except KeyboardInterrupt:
            if not quiet:
                print("Stopped. What was not finished goes on with the next start.")
