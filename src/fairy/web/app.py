"""The whole page: its parts placed (page.py), wired (events.py), and open to programs (api.py)."""

from __future__ import annotations

import gradio as gr

from fairy.web import look
from fairy.web.api import add_api
from fairy.web.events import wire
from fairy.web.page import NOBODY, Parts, add_clip, add_instruction, add_jobs, add_variants
from fairy.web.studio import Studio


def build(studio: Studio) -> gr.Blocks:
    """The whole page, wired."""
    with gr.Blocks(title="Fairy", analytics_enabled=False) as page:
        gr.HTML(look.HEADER)
        here = gr.BrowserState(NOBODY, storage_key="fairy", secret="fairy")
        parts = Parts(here, add_clip(studio), add_instruction(studio), add_variants(), add_jobs())
        wire(page, studio, parts)
        add_api(studio)
    return page
