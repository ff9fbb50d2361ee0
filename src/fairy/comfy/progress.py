"""The bar of a node, the newest picture below it, and Interrupt."""

from __future__ import annotations

import logging
import time

import comfy.model_management as management
import numpy as np
from comfy_api.latest import ComfyAPISync
from PIL import Image
from server import PromptServer

from fairy.report import STAGES, Stage, describe_progress

SECONDS_BETWEEN = 0.5
"""At most so often a picture is sent."""
log = logging.getLogger("fairy")


class NodeReport:
    """A `Report` that moves the bar of a node, and ends the work where someone has pressed Interrupt.

    Work may report from any thread, so the node is known by its id: only the thread of the run itself has a node.
    """

    def __init__(self, node: str) -> None:
        self._node = node
        self._api = ComfyAPISync()
        self._newest: np.ndarray | None = None
        self._stage: Stage | None = None
        self._begun = self._sent = 0.0
        self._before = 0

    def note(self, line: str) -> None:
        """A line for the log."""
        log.info("fairy: %s", line)

    def look(self, picture: np.ndarray) -> None:
        """Remember uint8 (H, W, 3) as the newest picture."""
        self._newest = picture

    def steps(self, done: int, total: int) -> None:
        """Where the anchors' own pass is."""
        self.progress("anchors", done, total)

    def progress(self, stage: Stage, done: int, total: int | None) -> None:
        """Where the work is."""
        management.throw_exception_if_processing_interrupted()
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._begun, self._before, self._sent = stage, now, done, 0.0
        if now - self._sent < SECONDS_BETWEEN and done != total:
            return
        self._sent = now
        words, unit = STAGES[stage]
        told = describe_progress(done, total, unit, now - self._begun, self._before)
        PromptServer.instance.send_progress_text(f"{words}: {told}" if told else words, self._node)
        self._api.execution.set_progress(
            value=done, max_value=total or max(done, 1), node_id=self._node, preview_image=self._preview()
        )

    def _preview(self) -> Image.Image | None:
        picture, self._newest = self._newest, None
        return None if picture is None else Image.fromarray(picture)
