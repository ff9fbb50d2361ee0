"""What a rater's page asks for, apart from HTTP: where the rater is, the next task, answers that are to be kept.

All that leaves here is read by raters: no method's name, no number of an item, nothing that tells an attention check.
"""

from __future__ import annotations

from typing import Any

from fairy.lab.study.forms import from_screen, to_screen
from fairy.lab.study.store import Assigned, Store

MAX_POSITION = 1 << 31
MAX_SECONDS = 86_400.0


class Refused(Exception):
    """A request that is answered with an error's status, and a line for the page to show."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status, self.line = status, line


class Desk:
    """Answers for one study; each method returns a JSON object, or keeps something."""

    def __init__(self, store: Store) -> None:
        self.store, self.form = store, store.form
        self.media = {name for item in store.items().values() for name in (item.source, item.first, item.second)}
        """The names of all that may be served."""

    def state(self, rater: int | None, position: int | None = None) -> dict[str, Any]:
        """Where a rater is: at the welcome, at a task (the asked one, or the first open one), or done."""
        about: dict[str, Any] = {
            "title": self.store.facts["title"],
            "form": self.form.key,
            "questions": [vars(question) for question in self.form.questions],
            "choices": [{"key": key, "label": label} for key, label in self.form.buttons.items()],
        }
        if rater is None:
            return {**about, "phase": "welcome"}
        progress = self.store.progress(rater)
        about |= {"total": len(progress), "answered": sum(progress)}
        if position is None:
            position = progress.index(False) if False in progress else len(progress)
        task = self.store.task(rater, position)
        if task is None:
            return {**about, "phase": "done", "open": self.store.num_open(rater)}
        return {**about, "phase": "judge", **show(task)}

    def record(self, rater: int, said: dict[str, Any]) -> None:
        """Keep {"position": , "answers": {question: answer}, "seconds": }. Refused where that is not complete."""
        seconds = said.get("seconds")
        if not isinstance(seconds, int | float) or not seconds >= 0:  # so that NaN is refused, too
            raise Refused(400, "seconds must be 0 or more")
        position, answers = self._read(rater, said)
        if set(answers) != set(self.form.question_keys):
            raise Refused(400, "each question must have one of its answers")
        self.store.record(rater, position, answers, min(float(seconds), MAX_SECONDS))

    def keep(self, rater: int, said: dict[str, Any]) -> None:
        """Keep {"position": , "answers": {question: answer}} of some questions, before the task is done."""
        self.store.keep(rater, *self._read(rater, said))

    def _read(self, rater: int, said: dict[str, Any]) -> tuple[int, dict[str, str]]:
        """The position of a task and the answers as they are stored."""
        position, answers = said.get("position"), said.get("answers")
        if type(position) is not int or not isinstance(answers, dict):
            raise Refused(400, "position and answers must be given")
        task = self.store.task(rater, position) if 0 <= position < MAX_POSITION else None
        if task is None:
            raise Refused(404, "there is no such task")
        if not set(answers) <= set(self.form.question_keys) or not set(map(str, answers.values())) <= set(
            self.form.buttons
        ):
            raise Refused(400, "each question must have one of its answers")
        return position, {question: from_screen(answer, task.swapped) for question, answer in answers.items()}


def show(task: Assigned) -> dict[str, Any]:
    """A task as its rater sees it."""
    names = [name for name in (task.item.first, task.item.second) if name]
    return {
        "position": task.position,
        "instruction": task.item.instruction,
        "source": task.item.source,
        "results": names[::-1] if task.swapped else names,
        "answers": {question: to_screen(answer, task.swapped) for question, answer in task.answers.items()},
    }
