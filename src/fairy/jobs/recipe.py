"""What a file was made of: it says so itself, or its job folder does while it is not finished. No torch here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fairy.errors import MediaError
from fairy.video import read_recipe


def info(output: Path | str) -> dict[str, Any]:
    """The recipe of a video, GIF, picture or folder of pictures that Fairy has written, or is about to write.

    Raises MediaError where it carries none.
    """
    path = Path(output)
    folder = path.with_name(f"{path.name}.fairy")
    if path.exists() or not folder.is_dir():
        text = read_recipe(path)
        if text is None:
            raise MediaError(f"{path} carries no recipe: Fairy has not written it, or another program has stripped it.")
        return dict(json.loads(text))
    from fairy.jobs.store import look_at

    job = look_at(path)
    return {**json.loads(job.manifest.recipe()), "chunks_done": len(job.done), "num_chunks": len(job.chunks)}
