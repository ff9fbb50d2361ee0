"""The whole page: its parts placed (page.py), wired (events.py), and open to programs (api.py)."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import gradio as gr

from fairy.web.api import add_api
from fairy.web.events import wire
from fairy.web.page import add_all
from fairy.web.studio import Studio

LOG = logging.getLogger("fairy.web")


class Page(gr.Blocks):
    """Blocks that answer one line to whatever is sent to them, and print nothing of it."""

    async def process_api(self, *args: Any, **kwargs: Any) -> Any:
        """One call. What was not understood before it came to a function of ours is told in a line."""
        try:
            return await super().process_api(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            LOG.warning("a request was not understood: %s (%s:%s)", one_line(error), last.name, last.lineno)
            raise gr.Error(f"This request was not understood: {one_line(error)}", print_exception=False) from error


def one_line(error: Exception) -> str:
    """What went wrong, without paths."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:200]}" if "/" not in words else type(error).__name__


def build(studio: Studio) -> gr.Blocks:
    """The whole page, wired."""
    with Page(title="Fairy - shared by all" if studio.config.shared else "Fairy", analytics_enabled=False) as page:
        wire(page, studio, add_all(studio))
        add_api(studio)
    return page
