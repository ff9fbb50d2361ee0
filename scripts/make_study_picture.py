"""Draws docs/images/study-report.png, the chart of a study with made-up votes: 60 pairs, raters drawn at random.

python scripts/make_study_picture.py
"""

import random
import tempfile
from pathlib import Path

from fairy.lab.study.findings import summarize
from fairy.lab.study.report import print_report, write_report
from fairy.lab.study.store import Item, Store, create

OUTPUT = Path(__file__).parents[1] / "docs" / "images" / "study-report.png"
METHODS = ("method one", "method two")
NUM_PAIRS, WEIGHTS, CARELESS, NOISE = 60, (0.5, 0.25, 0.15, 0.1), 0.08, 0.3


def main() -> None:
    """Simulate, count, keep the chart of the comparison."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_study(folder)
        simulate(folder, random.Random(1))
        summary = summarize(folder)
        write_report(summary, folder / "report")
        print_report(summary)
        (folder / "report" / "method-one-against-method-two.png").replace(OUTPUT)


def write_study(folder: Path) -> None:
    """A study without videos: nobody looks."""
    show = {"instruction": "make it night", "source": "s", "first": "f", "second": "g"}
    items = [
        Item(video=f"{number}", first_method=METHODS[0], second_method=METHODS[1], **show)
        for number in range(NUM_PAIRS)
    ]
    check = Item(video="check", expected={"overall": "first"}, **show)
    facts = {"id": "made-up", "form": "pairs", "title": "", "raters": 3, "per_rater": 25, "min_passed": 0.5}
    create(folder, {**facts, "comparisons": [METHODS]}, [*items, check])


def simulate(folder: Path, rng: random.Random) -> None:
    """Raters come until every pair has three: most see what there is, with some noise; a few answer blindly."""
    truth: dict[tuple[str, str], str] = {}
    with Store(folder, rng=rng) as store:
        answers = list(store.form.choices)
        while True:
            rater = store.rater(store.join())
            assert rater is not None
            if not (progress := store.progress(rater)):
                return
            blind = rng.random() < CARELESS
            for position in range(len(progress)):
                task = store.task(rater, position)
                assert task is not None
                said = {}
                for question in store.form.question_keys:
                    seen = truth.setdefault((task.item.video, question), rng.choices(answers, WEIGHTS)[0])
                    seen = "first" if task.item.expected else seen
                    guess = blind or (not task.item.expected and rng.random() < NOISE)
                    said[question] = rng.choice(answers) if guess else seen
                store.record(rater, position, said, 30.0)


if __name__ == "__main__":
    main()
