"""Bugs of studies: (file, old, new, tests)."""

REPORT = "lab/test_study_report.py"
STUDY = "lab/test_study.py"
SERVE = "lab/test_study_serve.py"

MUTANTS = [
    ("lab/study/raters.py", "if passed < min_passed * seen}", "if passed <= min_passed * seen}", REPORT),
    ("lab/study/raters.py", " and vote.rater not in excluded", "", REPORT),
    ("lab/study/raters.py", " and len(kept[vote.item]) < num_raters", "", REPORT),
    ("lab/study/raters.py", "if vote.expected is None and", "if", REPORT),
    ("lab/study/raters.py", "if 2 * count > num_raters:", "if 2 * count >= num_raters:", REPORT),
    ("lab/study/raters.py", "return SPLIT if len(answers) >= num_raters else None", "return SPLIT", REPORT),
    (
        "lab/study/raters.py",
        "    open_items.sort(key=lambda item: num_raters[item])  # stable: ties stay shuffled\n",
        "",
        STUDY,
    ),
    (
        "lab/study/raters.py",
        "items.insert(rng.randint(1, len(items)), check)",
        "items.insert(rng.randint(0, len(items)), check)",
        STUDY,
    ),
    ("lab/study/raters.py", "    rng.shuffle(sides)\n", "", STUDY),
    ("lab/study/raters.py", "if count < wanted]", "if count <= wanted]", STUDY),
    ("lab/study/findings.py", "(answer == SECOND) == vote.swapped", "(answer == SECOND) != vote.swapped", REPORT),
    ("lab/study/findings.py", "(answer == SECOND) == vote.swapped", "answer == FIRST", REPORT),
    ("lab/study/findings.py", "if len(each) == wanted]", "if each]", REPORT),
    ("lab/study/findings.py", "num_open = results.pop(None, 0)", "num_open = results[None]", REPORT),
    ("lab/study/store.py", " AND answered IS NULL", "", REPORT),
    ("lab/study/store.py", 'and row["rater"] not in failing:', "and True:", STUDY),
    ("lab/study/store.py", 'or now - row["seen"] < IDLE_SECONDS', "or True", STUDY),
    ("lab/study/store.py", "INSERT OR REPLACE INTO answers", "INSERT OR IGNORE INTO answers", STUDY),
    ("lab/study/store.py", "sorted(checks - own)", "sorted(checks)", STUDY),
    ("lab/study/desk.py", "names[::-1] if task.swapped else names", "names", SERVE),
    ("lab/study/desk.py", "from_screen(answer, task.swapped)", "from_screen(answer, False)", SERVE),
    ("lab/study/desk.py", "set(answers) != set(self.form.question_keys) or", "", SERVE),
    ("lab/study/desk.py", "or not seconds >= 0:", "or False:", SERVE),
    (
        "lab/study/serve.py",
        "if name not in self._desk.media or suffix not in MEDIA_TYPES:",
        "if suffix not in MEDIA_TYPES:",
        SERVE,
    ),
    ("lab/study/serve.py", "        if len(body) > MAX_BODY:\n", "        if False:\n", SERVE),
    (
        "lab/study/serve.py",
        'self._doors.refusal(scope["method"], headers_of(scope)) if scope["type"] == "http" else ""',
        '""',
        SERVE,
    ),
    ("lab/study/build.py", "    if count := count_answers(folder / DATABASE):\n", "    if count := 0:\n", STUDY),
]
