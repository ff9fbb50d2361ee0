"""Bugs of many workers: (file, old, new, tests)."""

POOL = "parallel/test_pool.py"
STATE = "jobs/test_worker_state.py"

MUTANTS = [
    (
        "parallel/pool.py",
        "return worker not in task.failed_at or all(other in task.failed_at for other in self._workers)",
        "return True",
        POOL,
    ),
    (
        "parallel/pool.py",
        "return worker not in task.failed_at or all(other in task.failed_at for other in self._workers)",
        "return worker not in task.failed_at",
        POOL,
    ),
    ("parallel/pool.py", "self._num_deaths += task is None", "pass", POOL),
    ("parallel/pool.py", "if isinstance(error, FairyError) and not isinstance(error, WorkerError):", "if False:", POOL),
    ("parallel/pool.py", "elif len(task.causes) >= ATTEMPTS:", "elif len(task.causes) > ATTEMPTS:", POOL),
    ("parallel/pool.py", "return own or fresh or max(", "return max(", POOL),
    ("parallel/pool.py", "if task.causes or task.future.set_running_or_notify_cancel():", "if True:", POOL),
    (
        "parallel/pool.py",
        "        self._cluster.kill(*(worker.process for worker in self._workers))\n",
        "        pass\n",
        POOL,
    ),
    (
        "parallel/pool.py",
        '            self._retry(task, worker, WorkerError(f"its worker died ({reason})"))\n        self._start()',
        '            self._retry(task, worker, WorkerError(f"its worker died ({reason})"))',
        POOL,
    ),
    (
        "parallel/pool.py",
        "        if self._workers:\n            self._report.note",
        "        if False:\n            self._report.note",
        POOL,
    ),
    (
        "jobs/workers/worker.py",
        "if (own := versions(model.compile)) != wanted:",
        "if (own := versions(model.compile)) is None:",
        STATE,
    ),
    (
        "jobs/workers/worker.py",
        "if spec.giver != node() and editor.model.identity.model != spec.model_hash:",
        "if False:",
        STATE,
    ),
    ("jobs/workers/worker.py", "            check_model(self.editor, known)\n", "", STATE),
    ("jobs/workers/worker.py", "key = (spec.name, take.number, shot)", "key = (spec.name, 0, shot)", STATE),
    ("jobs/workers/worker.py", "key = (spec.name, take.number, shot)", "key = (spec.name, take.number, None)", STATE),
    ("jobs/workers/worker.py", "for name in list(self._selections)[:-KEPT_JOBS]:", "for name in ():", STATE),
    (
        "jobs/workers/worker.py",
        "return next(take for take in self.takes if take.number == number)",
        "return self.takes[0]",
        STATE,
    ),
    (
        "jobs/workers/sending.py",
        "return (facts.st_size, facts.st_mtime_ns) == (file.num_bytes, file.modified)",
        "return True",
        STATE,
    ),
]
