"""How long a render will take, by what a preview has taken."""

from __future__ import annotations

import math
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairy.method.editor import Editor


class Stopwatch:
    """The time of each kind of work."""

    def __init__(self) -> None:
        self.num_shots = 1
        self._begun = self._last = time.perf_counter()
        self._spent: Counter[str] = Counter()
        self._times: Counter[str] = Counter()

    def begin(self) -> None:
        """What was before does not count."""
        self._begun = self._last = time.perf_counter()

    def lap(self, kind: str) -> None:
        """The work since the last lap was of this kind."""
        now = time.perf_counter()
        self._spent[kind] += now - self._last  # type: ignore[assignment]
        self._times[kind] += 1
        self._last = now

    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self._begun

    def foresee(self, num_frames: int, num_shots: int, editor: Editor) -> float:
        """Seconds that a whole render will take, its anchors included.

        One frame was computed as a whole micro-batch; as many as there are workers are computed side by side.
        """
        batches = math.ceil(num_frames / (editor.micro_batch * editor.num_workers))
        finishing = self._mean("finishing")
        return self._mean("anchors") * num_shots + self._mean("frames") * batches + 2 * finishing * num_frames

    def _mean(self, kind: str) -> float:
        return self._spent[kind] / max(1, self._times[kind])


def in_words(seconds: float) -> str:
    """A duration as a person says it: 40 seconds, 3 minutes, 2 hours."""
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} seconds"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours".replace(".0 ", " ")
