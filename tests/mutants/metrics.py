"""Bugs of what the lab measures: (file, old, new, tests)."""

DETAILS = "lab/test_metrics_details.py"
MOTION = "lab/test_metrics_motion.py"
FIDELITY = "lab/test_metrics_fidelity.py"
CLIP = "lab/test_metrics_clip.py"
COMPARISON = "lab/test_metrics_comparison.py"
RESULTS = "lab/test_results.py"

MUTANTS = [
    (
        "lab/metrics/clip.py",
        "float(edited @ target > edited @ origin)",
        "float(source @ target > source @ origin)",
        DETAILS,
    ),
    (
        "lab/metrics/clip.py",
        "float(edited @ target > edited @ origin)",
        "float(edited @ target < edited @ origin)",
        DETAILS,
    ),
    ("lab/metrics/clip.py", "            self._last = pair\n", "", f"{DETAILS} {CLIP}"),
    ("lab/metrics/clip.py", "cosine(edited - source, target - origin)", "cosine(edited, target - origin)", CLIP),
    ("lab/metrics/clip.py", "self._scale * cosines", "self._scale * cosines", CLIP),
    (
        "lab/metrics/clip.py",
        "return _unit(model.visual_projection(pooled))",
        "return model.visual_projection(pooled).float().cpu()",
        CLIP,
    ),
    (
        "lab/metrics/comparison.py",
        "interval(values, owner, num_resamples",
        "interval(values, None, num_resamples",
        DETAILS,
    ),
    (
        "lab/metrics/comparison.py",
        "costs = bootstrap(worth, owner, num_resamples, seed)",
        "costs = bootstrap(worth, np.arange(len(worth)), num_resamples, seed)",
        f"{COMPARISON} {DETAILS}",
    ),
    ("lab/metrics/comparison.py", "if len(found) == len(methods)]", "if found]", COMPARISON),
    ("lab/metrics/comparison.py", "Better.ONE: np.abs(values - 1)", "Better.ONE: np.abs(values)", COMPARISON),
    ("lab/metrics/comparison.py", "(costs < own).sum()", "(costs <= own).sum()", COMPARISON),
    ("lab/metrics/flow.py", "<= 0.01 * lengths + 0.5)", "<= 0.1 * lengths + 0.5)", DETAILS),
    ("lab/metrics/flow.py", "<= 0.01 * lengths + 0.5)", "<= 0.01 * lengths + 5)", DETAILS),
    ("lab/metrics/flow.py", "return inside & (", "return (", DETAILS),
    ("lab/metrics/flow.py", "back = sample(backward, forward)", "back = backward", MOTION),
    (
        "lab/metrics/warp.py",
        "seen = difference[flow.visible] if counts",
        "seen = difference.reshape(-1, 3) if counts",
        MOTION,
    ),
    ("lab/metrics/warp.py", "np.square(seen / 255).mean()", "np.square(seen).mean()", MOTION),
    ("lab/metrics/warp.py", "waves[-1] /= 2", "waves[-1] /= 1", MOTION),
    ("lab/metrics/warp.py", "/ (2 * np.sin(np.pi * hertz / fps))", "/ 2", MOTION),
    (
        "lab/metrics/warp.py",
        'return {"motion_kept": mean(self._series["motion_edited"]) / length',
        'return {"motion_kept": length / mean(self._series["motion_edited"])',
        MOTION,
    ),
    ("lab/metrics/warp.py", "shared / np.sqrt(source * edited)", "shared / source", MOTION),
    (
        "lab/metrics/warp.py",
        "return visible.mean() >= LEAST_VISIBLE and unexplained(before, difference, visible) < UNEXPLAINED",
        "return True",
        MOTION,
    ),
    ("lab/metrics/warp.py", "abs(step.index - other.index) >= APART", "True", MOTION),
    ("lab/metrics/fidelity.py", "own, other = own - own.mean(), other - other.mean()", "pass", FIDELITY),
    ("lab/metrics/fidelity.py", "(other - other.mean()) * scale + own.mean()", "other", FIDELITY),
    ("lab/metrics/fidelity.py", "outside = luma(mask) <= BLACK", "outside = luma(mask) > BLACK", FIDELITY),
    (
        "lab/results/statistics.py",
        "drawn @ sums / (drawn @ counts)[:, None]",
        "drawn @ sums / len(owner)",
        f"{COMPARISON} {RESULTS} {DETAILS}",
    ),
    (
        "lab/results/statistics.py",
        "(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2",
        "1 - CONFIDENCE, CONFIDENCE",
        f"{COMPARISON} {RESULTS}",
    ),
    ("lab/results/statistics.py", "middle = (share + square / (2 * total))", "middle = (share)", RESULTS),
    ("lab/results/statistics.py", "return min(1.0, 2 * tail)", "return min(1.0, tail)", RESULTS),
    ("lab/results/statistics.py", "(agreement - chance) / (1 - chance)", "(agreement - chance)", RESULTS),
    (
        "lab/results/statistics.py",
        "for clip, value in values.items() if clip in base}",
        "for clip, value in values.items() if clip in base and value > base[clip]}",
        RESULTS,
    ),
]
MUTANTS = [row for row in MUTANTS if row[1] != row[2]]
