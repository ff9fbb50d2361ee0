"""What a rater is asked, in the two forms of the paper's appendix B: pairs of results, and single results.

An answer about a pair is stored as first or second, the order in which the study was built, and shown as left or right,
the order in which this rater sees it.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST, SECOND, BOTH_GOOD, BOTH_BAD = "first", "second", "both_good", "both_bad"
GOOD, BAD = "good", "bad"
OVERALL = "overall"
SCREEN = {FIRST: "left", SECOND: "right"}
"""Where the results of a pair stand when they are not swapped."""


@dataclass(frozen=True)
class Question:
    """One thing that a rater judges."""

    key: str
    title: str
    help: str


@dataclass(frozen=True)
class Form:
    """The questions of a study, and the answers that are open to each."""

    key: str
    title: str
    questions: tuple[Question, ...]
    choices: dict[str, str]
    """Answers as they are stored, and what a reader of the report reads."""
    buttons: dict[str, str]
    """Answers as the page sends them, and what is on their buttons, from left to right."""

    @property
    def question_keys(self) -> tuple[str, ...]:
        """The names of the questions."""
        return tuple(question.key for question in self.questions)


ATTRIBUTES = (
    Question("frame_quality", "Frame quality", "Sharp and clean pictures, nothing broken or smeared."),
    Question("temporal_consistency", "Temporal consistency", "No flicker, nothing that jumps or changes by itself."),
    Question("prompt_faithfulness", "Prompt faithfulness", "It does what the instruction says."),
    Question("input_faithfulness", "Input faithfulness", "All else is as in the source: things, places, motion."),
)
PAIRS = Form(
    "pairs",
    "Which edit is better?",
    (*ATTRIBUTES, Question(OVERALL, "Overall", "All in all: the edit that you would take.")),
    {FIRST: "{first} better", SECOND: "{second} better", BOTH_GOOD: "both good", BOTH_BAD: "both bad"},
    {"left": "A is better", BOTH_GOOD: "Both good", BOTH_BAD: "Both bad", "right": "B is better"},
)
SINGLE = Form("single", "Is this edit good?", ATTRIBUTES, {GOOD: "good", BAD: "bad"}, {GOOD: "Good", BAD: "Bad"})
FORMS = {form.key: form for form in (PAIRS, SINGLE)}


def to_screen(answer: str, swapped: bool) -> str:
    """A stored answer as the page shows it: first -> left, or right where the results are swapped."""
    other = {FIRST: SECOND, SECOND: FIRST}
    return SCREEN.get(other.get(answer, answer) if swapped else answer, answer)


def from_screen(answer: str, swapped: bool) -> str:
    """The inverse of `to_screen`."""
    return next((stored for stored in SCREEN if to_screen(stored, swapped) == answer), answer)
