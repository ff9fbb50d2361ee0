"""The device that several people share: one computes at a time; a long render lets previews in between its frames."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fairy.config import ModelConfig
from fairy.web.settings import Wish

if TYPE_CHECKING:
    from fairy.method.editor import Editor
    from fairy.models import Model
    from fairy.report import Report
    from fairy.web.banks import KeptBanks


class Device:
    """Who may compute now, and the model that was used last."""

    def __init__(self, name: str = "auto") -> None:
        self.name = name
        self._turn = threading.Condition()
        self._busy = False
        self._num_waiting = 0
        self._loaded: tuple[ModelConfig, Model] | None = None
        self._banks: KeptBanks | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until nobody else computes."""
        with self._turn:
            self._num_waiting += 1
            self._turn.wait_for(lambda: not self._busy)
            self._num_waiting -= 1
            self._busy = True
        try:
            yield
        finally:
            with self._turn:
                self._busy = False
                self._turn.notify_all()

    def give_way(self) -> None:
        """Whoever has the turn lets all who wait go first. Returns at once where nobody waits."""
        with self._turn:
            if not self._num_waiting:
                return
            self._busy = False
            self._turn.notify_all()
            self._turn.wait_for(lambda: not self._busy and not self._num_waiting)
            self._busy = True

    def model(self, wish: Wish, report: Report) -> Model:
        """The model of a wish; only the latest one is kept. To be called by whoever has the turn."""
        from fairy import models

        wanted = wish.model_config(self.name)
        if self._loaded is None or self._loaded[0] != wanted:
            self._loaded = self._banks = None  # two at once may be too much
            report.progress("loading", 0, None)
            self._loaded = wanted, models.load_config(wanted)
        return self._loaded[1]

    def editor(self, wish: Wish, report: Report) -> Editor:
        """An editor of it, which knows the anchors that were edited last."""
        from fairy.web.banks import KeptBanks, RememberingEditor

        model = self.model(wish, report)
        self._banks = self._banks or KeptBanks()
        return RememberingEditor(model, self._banks)
