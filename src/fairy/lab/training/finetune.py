"""`fairy train`: fine-tune an instruction-based image editor, equivariantly (Fairy, sec. 5.2), on accelerate.

Any number of processes; a run that was stopped goes on to the same losses, since everything random in a sample comes
from the seed and the sample's number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from diffusers.training_utils import EMAModel

from fairy.disk.lock import locked
from fairy.disk.whole import save_png
from fairy.errors import MissingPackageError, TrainingError, UsageError
from fairy.lab.training.batches import Share, load_batches
from fairy.lab.training.examples import Batch, collate, make_example
from fairy.lab.training.journal import Journal
from fairy.lab.training.runs import Run
from fairy.lab.training.samples import draw_sheet
from fairy.lab.training.saving import save_model
from fairy.lab.training.settings import SYNTHETIC, TrainConfig
from fairy.lab.training.sources import Source, Synthetic
from fairy.lab.training.trainee import Inputs, Teacher, load_model, loss_of, make_trainee, without_self_attention
from fairy.report import SILENT, Report


@dataclass(frozen=True)
class TrainResult:
    """What a run has come to."""

    model: Path
    """The folder that `fairy edit --model` takes, or `--lora` where a LoRA was trained."""
    steps: int
    loss: float
    """Mean over the last entries of the log; nan where the run was finished before."""
    attention_share: float
    """How much of the denoiser's output self-attention decides, 0..1."""


def train(config: TrainConfig, output: Path, *, overwrite: bool = False, report: Report = SILENT) -> TrainResult:
    """Train to the end, from the start or from where an interrupted run in `output` has stopped.

    Writes `output`/{checkpoint/, log/, samples/, model/}. Raises OutputError where `output` holds something else or
    a run with other settings, and the errors of `fairy.load`.
    """
    accelerator = start_accelerator(config)
    run = Run(output)
    main = accelerator.is_main_process
    if main:
        run.check_folder()
        output.parent.mkdir(parents=True, exist_ok=True)
    with locked(output) if main else nullcontext():
        if main and not overwrite:
            run.check_settings(config, accelerator.num_processes)
        trainer = Trainer(config, run, accelerator, report if main else SILENT)
        if main:
            run.begin(config, accelerator.num_processes, overwrite=overwrite)
        accelerator.wait_for_everyone()
        if run.checkpoint.exists():
            trainer.resume()
        try:
            for _ in trainer.run_to(config.steps):
                pass
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"the same command goes on from step {trainer.saved_step}") from None
        return TrainResult(run.model, trainer.step, trainer.last_loss, trainer.attention_share())


def start_accelerator(config: TrainConfig) -> Accelerator:
    """One for each process; UsageError where the device lacks the number format."""
    on_cpu = config.device == "cpu" or not torch.accelerator.is_available()
    if on_cpu and config.mixed_precision == "fp16":
        raise UsageError("--mixed-precision fp16: is for GPUs. On the CPU take bf16 or no.")
    try:
        return Accelerator(cpu=on_cpu, mixed_precision=config.mixed_precision)
    except (ValueError, ImportError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UsageError(
            f"--mixed-precision {config.mixed_precision}: {reason}. Try another one of no, bf16."
        ) from error


class Trainer:
    """The model, its optimizer and moving average, and where the run is."""

    def __init__(self, config: TrainConfig, run: Run, accelerator: Accelerator, report: Report = SILENT) -> None:
        self.config, self.run, self.accelerator, self.report = config, run, accelerator, report
        self.source = open_source(config)
        self.model = load_model(config, accelerator.device)
        self.teacher = Teacher(self.model, learns_text=config.train_text_encoder)
        self.trainee = make_trainee(self.model, config)
        self.learning = {name: value for name, value in self.trainee.named_parameters() if value.requires_grad}
        optimizer = make_optimizer(list(self.learning.values()), config)
        self.module, self.optimizer = accelerator.prepare(self.trainee, optimizer)
        self.average = EMAModel(self.learning.values(), decay=config.ema_decay) if config.ema_decay else None
        self.share = Share(accelerator.process_index, accelerator.num_processes)
        self.step = self.saved_step = 0
        self.last_loss = math.nan

    def run_to(self, until: int) -> Iterator[float]:
        """Train up to step `until`; yields every step's loss, the mean over all processes."""
        config, main = self.config, self.accelerator.is_main_process
        journal = Journal(self.run.log, self.step) if main else None
        batches = load_batches(self.source, config, self.teacher.latent, self.share, self.step)
        losses: list[float] = []
        self._tell()
        try:
            while self.step < until:
                loss = self.make_step(batches)
                losses.append(loss)
                self._tell()
                if self._is_due(config.log_every):
                    self._log(journal, losses)
                    losses = []
                if config.sample_every and self._is_due(config.sample_every):
                    self._draw_samples(journal)
                if self._is_due(config.save_every):
                    self.save()
                yield loss
        finally:
            if journal:
                journal.close()

    def make_step(self, batches: Iterator[Batch]) -> float:
        """One step of the optimizer on the next batches; returns the loss. TrainingError where that is no number."""
        config, total = self.config, torch.zeros((), device=self.accelerator.device)
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate_at(self.step)
        for part in range(config.accumulation):
            inputs = self.teacher(next(batches))
            is_last = part + 1 == config.accumulation
            with nullcontext() if is_last else self.accelerator.no_sync(self.module):
                loss = loss_of(self.module(*inputs.seen), inputs) / config.accumulation
                self.accelerator.backward(loss)
            total += loss.detach()
        if config.max_grad_norm:
            self.accelerator.clip_grad_norm_(self.learning.values(), config.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average:
            self.average.step(self.learning.values())
        self.step += 1
        mean = float(self.accelerator.reduce(total, "mean"))
        if not math.isfinite(mean):
            raise TrainingError(
                f"the loss is no number any more at step {self.step}: train with a lower --learning-rate than "
                f"{config.learning_rate:g}, or with --mixed-precision no. The last checkpoint is whole."
            )
        return mean

    def save(self) -> None:
        """The checkpoint, and the model so far."""
        if not self.accelerator.is_main_process:
            return
        scaler = self.accelerator.scaler
        self.run.write_checkpoint(
            {
                "step": self.step,
                "weights": {name: value.detach() for name, value in self.learning.items()},
                "optimizer": self.optimizer.state_dict(),
                "average": self.average.state_dict() if self.average else {},
                "scaler": scaler.state_dict() if scaler else {},
            }
        )
        with self.averaged():
            save_model(self.model, self.config, self.run.model)
        self.saved_step = self.step

    def resume(self) -> None:
        """Go on from the checkpoint."""
        state = self.run.read_checkpoint()
        self.step = self.saved_step = state["step"]
        with torch.no_grad():
            for name, value in self.learning.items():
                value.copy_(state["weights"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.load_state_dict(state["average"])
            self.average.to(self.accelerator.device)
        if self.accelerator.scaler and state["scaler"]:
            self.accelerator.scaler.load_state_dict(state["scaler"])

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The model has the moving average for weights while this is open."""
        if not self.average:
            yield
            return
        self.average.store(self.learning.values())
        self.average.copy_to(self.learning.values())
        try:
            yield
        finally:
            self.average.restore(self.learning.values())

    @torch.no_grad()
    def attention_share(self) -> float:
        """|with - without attn1| / |with| of the denoiser's output, on held-out pairs noised as in training."""
        inputs = self._probe()
        with self.accelerator.autocast():
            full = self.trainee(*inputs.seen).float()
            with without_self_attention(self.model.denoiser):
                without = self.trainee(*inputs.seen).float()
        return float((full - without).norm() / full.norm())

    def _log(self, journal: Journal | None, losses: list[float]) -> None:
        self.last_loss = sum(losses) / len(losses)
        if journal is None:
            return
        rate, share = self.config.learning_rate_at(self.step - 1), self.attention_share()
        journal.numbers(self.step, {"loss": self.last_loss, "learning_rate": rate, "attention_share": share})
        self.report.note(f"step {self.step}: loss {self.last_loss:.4f}, rate {rate:.2e}, self-attention {share:.0%}")

    def _draw_samples(self, journal: Journal | None) -> None:
        if journal is None:
            return
        size = self.config.sizes[0]
        triples = [self.source.held_out(number, size) for number in range(self.source.num_held_out)]
        with self.averaged(), torch.no_grad():
            sheet = draw_sheet(self.model, triples, f"Held-out pairs after {self.step} steps")
        self.run.samples.mkdir(exist_ok=True)
        save_png(self.run.samples / f"step_{self.step:07d}.png", sheet)
        journal.picture(self.step, sheet)

    def _probe(self) -> Inputs:
        size = self.config.sizes[0]
        examples = [
            make_example(self.source.held_out(number, size), number, size, self.config, self.teacher.latent)
            for number in range(self.source.num_held_out)
        ]
        return self.teacher(collate(examples))

    def _is_due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def _tell(self) -> None:
        samples = self.share.samples_of_step(self.config)
        self.report.progress("training", self.step * samples, self.config.steps * samples)


def make_optimizer(parameters: list[torch.nn.Parameter], config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW; with 8-bit states where asked for."""
    if not config.eight_bit:
        return torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)
    try:
        from bitsandbytes.optim import AdamW8bit  # type: ignore[import-not-found]
    except ImportError as error:
        raise MissingPackageError("--eight-bit needs bitsandbytes: pip install bitsandbytes") from error
    return AdamW8bit(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)


def open_source(config: TrainConfig) -> Source:
    """What `config.data` means."""
    if config.data == SYNTHETIC:
        return Synthetic(config.seed, config.num_samples)
    from fairy.lab.training.tables import open_table  # `datasets` is optional

    return open_table(config)
