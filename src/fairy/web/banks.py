"""Anchors that were edited already: a render after its preview, and one that goes on, need not edit them again.

What is kept is what the editor made, so that not a bit changes.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fairy.config import EditConfig, EditSettings
from fairy.method.bank import AnchorBank
from fairy.method.editor import Editor
from fairy.models import Model

MOST_BYTES = 2 << 30
"""That all kept banks take together."""


class KeptBanks:
    """The banks of the model that was used last; those that were used longest ago go first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._banks: OrderedDict[str, AnchorBank] = OrderedDict()

    def find(self, key: str) -> AnchorBank | None:
        """A bank that is here."""
        if key in self._banks:
            self._banks.move_to_end(key)
        return self._banks.get(key)

    def keep(self, key: str, bank: AnchorBank) -> None:
        """Keep a bank, if it may be that large."""
        self._banks[key] = bank
        while self._banks and sum(each.num_bytes for each in self._banks.values()) > self.most_bytes:
            self._banks.popitem(last=False)

    def clear(self) -> None:
        """Let go of all."""
        self._banks.clear()


class RememberingEditor(Editor):
    """An editor that finds anchors again which it, or one before it with the same model, has edited."""

    def __init__(self, model: Model, banks: KeptBanks) -> None:
        super().__init__(model)
        self._banks = banks

    def edit_anchors(
        self,
        frames: np.ndarray,
        instruction: str,
        config: EditConfig | EditSettings | None = None,
        *,
        given: Mapping[int, np.ndarray] | None = None,
        on_step: Callable[[int, int], None] | None = None,
    ) -> AnchorBank:
        """As the editor's, at once where the same was asked before."""
        if given:
            return super().edit_anchors(frames, instruction, config, given=given, on_step=on_step)
        key = digest(frames, instruction, self.settle(config), self.micro_batch)
        bank = self._banks.find(key)
        if bank is None:
            bank = super().edit_anchors(frames, instruction, config, on_step=on_step)
            self._banks.keep(key, bank)
        return bank


def digest(frames: np.ndarray, *words: Any) -> str:
    """Of all that decides a bank besides the model."""
    told = hashlib.sha256(repr((frames.shape, words)).encode())
    told.update(np.ascontiguousarray(frames).data)
    return told.hexdigest()
