"""The whole page: its parts placed (page.py), wired (events.py), and open to programs (api.py)."""

from __future__ import annotations

from typing import Any

import gradio as gr

from fairy.web import look
from fairy.web.api import add_api
from fairy.web.events import wire
from fairy.web.page import NOBODY, Parts, add_clip, add_instruction, add_jobs, add_variants
from fairy.web.studio import Studio


class Page(gr.Blocks):
    """Blocks that answer one line to whatever is sent to them, and print nothing of it."""

    async def process_api(self, *args: Any, **kwargs: Any) -> Any:
        """One call. What was not understood before it came to a function of ours is told in a line."""
        try:
            return await super().process_api(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(f"This request was not understood: {one_line(error)}", print_exception=False) from error


def one_line(error: Exception) -> str:
    """What went wrong, without paths."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:200]}" if "/" not in words else type(error).__name__


def build(studio: Studio) -> gr.Blocks:
    """The whole page, wired."""
    with Page(title="Fairy - shared by all" if studio.config.shared else "Fairy", analytics_enabled=False) as page:
        gr.HTML(look.HEADER)
        here = gr.BrowserState(NOBODY, storage_key="fairy", secret="fairy")
        parts = Parts(here, add_clip(studio), add_instruction(studio), add_variants(), add_jobs())
        wire(page, studio, parts)
        add_api(studio)
    return page
