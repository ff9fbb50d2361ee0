"""Bugs of training: (file, old, new, tests)."""

RUN = "lab/test_train_run.py"
TRAINEE = "lab/test_train_trainee.py"
EXAMPLES = "lab/test_train_examples.py"
AFFINE = "lab/test_train_affine.py"

MUTANTS = [
    (
        "lab/training/finetune.py",
        "loss_of(self.module(*inputs.seen), inputs) / config.accumulation",
        "loss_of(self.module(*inputs.seen), inputs)",
        f"{RUN}::test_accumulated_parts_train_as_one_batch",
    ),
    (
        "lab/training/finetune.py",
        "            self.accelerator.clip_grad_norm_(self.learning.values(), config.max_grad_norm)\n",
        "            pass\n",
        f"{RUN}::test_gradients_are_clipped",
    ),
    (
        "lab/training/finetune.py",
        'group["lr"] = config.learning_rate_at(self.step)',
        'group["lr"] = config.learning_rate_at(0)',
        f"{RUN}::test_the_schedule_is_followed",
    ),
    (
        "lab/training/finetune.py",
        'group["lr"] = config.learning_rate_at(self.step)',
        "pass",
        f"{RUN}::test_the_schedule_is_followed",
    ),
    (
        "lab/training/finetune.py",
        "            self.average.step(self.learning.values())\n",
        "            pass\n",
        f"{RUN}::test_the_average_is_what_is_saved",
    ),
    (
        "lab/training/finetune.py",
        'self.average.load_state_dict(state["average"])',
        "pass",
        f"{RUN}::test_a_resumed_average_is_that_of_an_uninterrupted_run",
    ),
    (
        "lab/training/finetune.py",
        'self.optimizer.load_state_dict(state["optimizer"])',
        "pass",
        f"{RUN}::test_a_resumed_run_has_the_losses_of_an_uninterrupted_one",
    ),
    (
        "lab/training/finetune.py",
        "        self.optimizer.zero_grad()\n",
        "",
        f"{RUN}::test_accumulated_parts_train_as_one_batch {RUN}::test_a_resumed_run_has_the_losses_of_an_uninterrupted_one",
    ),
    (
        "lab/training/finetune.py",
        "        with self.averaged():\n            save_model",
        "        with nullcontext():\n            save_model",
        f"{RUN}::test_the_average_is_what_is_saved",
    ),
    (
        "lab/training/finetune.py",
        "            self.average.restore(self.learning.values())\n",
        "            pass\n",
        f"{RUN}::test_a_resumed_run_has_the_losses_of_an_uninterrupted_one {RUN}::test_the_average_is_what_is_saved",
    ),
    (
        "lab/training/finetune.py",
        "if not math.isfinite(mean):",
        "if False:",
        f"{RUN}::test_a_loss_that_is_no_number_is_told",
    ),
    (
        "lab/training/runs.py",
        "            if begun.get(name) != value:\n",
        "            if False:\n",
        f"{RUN}::test_other_settings_and_other_folders_are_refused",
    ),
    ("lab/training/trainee.py", ".square() * inputs.weight).mean()", ".square()).mean()", TRAINEE),
    ("lab/training/trainee.py", "* batch.keeps_image", "", TRAINEE),
    (
        "lab/training/trainee.py",
        "batch.noise if predicts_noise else",
        "batch.noise if not predicts_noise else",
        TRAINEE,
    ),
    (
        "lab/training/trainee.py",
        "self._encode(batch.edited, encode_edited)",
        "self._encode(batch.edited, encode_frames)",
        TRAINEE,
    ),
    (
        "lab/training/batches.py",
        "first = (turn * self.num_processes + self.process) * config.batch",
        "first = turn * config.batch",
        EXAMPLES,
    ),
    (
        "lab/training/batches.py",
        "step * config.accumulation for step in (first_step, config.steps)",
        "step for step in (first_step, config.steps)",
        f"{EXAMPLES} {RUN}::test_accumulated_parts_train_as_one_batch",
    ),
    ("lab/training/examples.py", "total - 1 - int(total * uniform**bias)", "int(total * uniform**bias)", EXAMPLES),
    ("lab/training/examples.py", "text <= chance < text + config.drop_image", "chance < config.drop_image", EXAMPLES),
    (
        "lab/training/examples.py",
        'triple.instruction if keeps_text else ""',
        "triple.instruction",
        f"{EXAMPLES} {TRAINEE}",
    ),
    ("lab/training/affine.py", "@ np.linalg.inv(matrix) @", "@ matrix @", AFFINE),
    ("lab/training/affine.py", 'padding_mode="reflection"', 'padding_mode="zeros"', AFFINE),
    (
        "lab/training/affine.py",
        "self.top : self.top + height, self.left : self.left + width",
        "self.left : self.left + height, self.top : self.top + width",
        AFFINE,
    ),
    ("lab/training/journal.py", '["step"] <= step]', '["step"] < step]', RUN),
    ("lab/training/saving.py", "        part.rename(folder)\n", "        shutil.copytree(part, folder)\n", RUN),
]
MUTANTS = [row for row in MUTANTS if "copytree(part" not in row[2]]
