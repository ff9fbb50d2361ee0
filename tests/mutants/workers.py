"""Bugs of many workers: (file, old, new, tests)."""

MUTANTS = [
    (
        "parallel/pool.py",
        "return worker not in task.failed_at or all(other in task.failed_at for other in self._workers)",
        "return True",
        "parallel/test_pool.py",
    ),
    (
        "parallel/pool.py",
        "return worker not in task.failed_at or all(other in task.failed_at for other in self._workers)",
        "return worker not in task.failed_at",
        "parallel/test_pool.py",
    ),
    ("parallel/pool.py", "self._num_deaths += task is None", "pass", "parallel/test_pool.py"),
    (
        "parallel/pool.py",
        "if isinstance(error, FairyError) and not isinstance(error, WorkerError):",
        "if False:",
        "parallel/test_pool.py",
    ),
    (
        "parallel/pool.py",
        "elif len(task.causes) >= ATTEMPTS:",
        "elif len(task.causes) > ATTEMPTS:",
        "parallel/test_pool.py",
    ),
    ("parallel/pool.py", "return own or fresh or max(", "return max(", "parallel/test_pool.py"),
    (
        "parallel/pool.py",
        "if task.causes or task.future.set_running_or_notify_cancel():",
        "if True:",
        "parallel/test_pool.py",
    ),
    (
        "parallel/pool.py",
        "        self._cluster.kill(*(worker.process for worker in self._workers))\n",
        "        pass\n",
        "parallel/test_pool.py",
    ),
    (
        "parallel/pool.py",
        '            self._retry(task, worker, WorkerError(f"its worker died ({reason})"))\n        self._start()',
        '            self._retry(task, worker, WorkerError(f"its worker died ({reason})"))',
        "parallel/test_pool.py",
    ),
    (
        "parallel/pool.py",
        "        if self._workers:\n            self._report.note",
        "        if False:\n            self._report.note",
        "parallel/test_pool.py",
    ),
    (
        "jobs/workers/worker.py",
        "if (own := versions(model.compile)) != wanted:",
        "if (own := versions(model.compile)) is None:",
        "jobs/test_worker_state.py",
    ),
    (
        "jobs/workers/worker.py",
        "if spec.giver != node() and editor.model.identity.model != spec.model_hash:",
        "if False:",
        "jobs/test_worker_state.py",
    ),
    ("jobs/workers/worker.py", "            check_model(self.editor, known)\n", "", "jobs/test_worker_state.py"),
    (
        "jobs/workers/worker.py",
        "key = (spec.name, take.number, shot)",
        "key = (spec.name, 0, shot)",
        "jobs/test_worker_state.py",
    ),
    (
        "jobs/workers/worker.py",
        "key = (spec.name, take.number, shot)",
        "key = (spec.name, take.number, None)",
        "jobs/test_worker_state.py",
    ),
    (
        "jobs/workers/worker.py",
        "for name in list(self._selections)[:-KEPT_JOBS]:",
        "for name in ():",
        "jobs/test_worker_state.py",
    ),
    (
        "jobs/workers/worker.py",
        "return next(take for take in self.takes if take.number == number)",
        "return self.takes[0]",
        "jobs/test_worker_state.py",
    ),
    (
        "jobs/workers/sending.py",
        "return (facts.st_size, facts.st_mtime_ns) == (file.num_bytes, file.modified)",
        "return True",
        "jobs/test_worker_state.py",
    ),
]
