"""The whole method against a plain loop over diffusers' parts: all branches, two anchors, odd sizes, given anchors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, EulerAncestralDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

import fairy.models
from fairy.config import EditConfig
from fairy.method.editor import Editor
from fairy.models import Model

HEIGHT, WIDTH, STEPS, SEED, TEXT, IMAGE = 18, 26, 3, 5, 3.0, 1.5
PADDED = (24, 32)
INSTRUCTION = "make it night"
CONFIG = EditConfig(num_steps=STEPS, seed=SEED, text_guidance=TEXT, image_guidance=IMAGE)


def pictures(count: int, height: int = HEIGHT, width: int = WIDTH, seed: int = 0) -> np.ndarray:
    """Noise in blocks, so that neighbouring rows and columns differ as those of a picture do."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, height // 4 + 1, width // 4 + 1, 3), np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width]


class Recorded:
    """Self-attention as a formula, which writes down its keys and values, or reads those that were written down."""

    def __init__(self, name: str, loop: "Loop") -> None:
        self.name, self.loop = name, loop

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None):  # noqa: ARG002
        queries, keys, values = (part(hidden_states) for part in (attn.to_q, attn.to_k, attn.to_v))
        if self.loop.writes:
            keys, values = (torch.cat(list(each))[None] for each in (keys, values))
            self.loop.bank[self.loop.step, self.loop.branch, self.name] = keys, values
        elif self.loop.bank:
            among = self.loop.bank[self.loop.step, self.loop.branch, self.name]
            keys, values = (torch.cat([own, other], 1) for own, other in zip((keys, values), among, strict=True))
        rows = []
        for frame in range(len(queries)):
            of = min(frame, len(keys) - 1)
            heads = [tensor.chunk(attn.heads, -1) for tensor in (queries[frame], keys[of], values[of])]
            each = zip(*heads, strict=True)
            rows.append(torch.cat([(q @ k.T / k.shape[-1] ** 0.5).softmax(-1) @ v for q, k, v in each], -1))
        return attn.to_out[0](torch.stack(rows))


class Loop:
    """InstructPix2Pix, step by step and branch by branch."""

    def __init__(self, folder: Path) -> None:
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet")
        self.vae = AutoencoderKL.from_pretrained(folder / "vae")
        self.text_encoder = CLIPTextModel.from_pretrained(folder / "text_encoder")
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self.scheduler = EulerAncestralDiscreteScheduler.from_pretrained(folder / "scheduler")
        stock = self.unet.attn_processors
        recorded = {name: Recorded(name, self) if "attn1" in name else former for name, former in stock.items()}
        self.unet.set_attn_processor(recorded)
        self.bank, self.writes, self.step, self.branch = {}, False, 0, 0

    @torch.no_grad()
    def edit(self, frames: np.ndarray, given: dict[int, np.ndarray] | None = None, *, anchors: bool) -> np.ndarray:
        """uint8 (F, H, W, 3) -> the same, edited together as anchors, or each beside the anchors of before."""
        self.writes = anchors
        source = self.encode(frames)
        seen = [source, source, torch.zeros_like(source)]
        told = [self.read(INSTRUCTION), self.read(""), self.read("")]
        noise = torch.randn(1, *source.shape[1:], generator=torch.Generator().manual_seed(SEED)).expand_as(source)
        generators = [torch.Generator().manual_seed(SEED) for _ in frames]
        for generator in generators:
            torch.randn(source.shape[1:], generator=generator)
        self.scheduler.set_timesteps(STEPS)
        latents = noise * self.scheduler.init_noise_sigma
        for step, time in enumerate(self.scheduler.timesteps):
            self.step = step
            for place, picture in (given or {}).items():
                known = self.encode(picture[None])[0] * self.vae.config.scaling_factor
                latents[place] = known + noise[place] * self.scheduler.sigmas[self.step]
            scaled, predicted = self.scheduler.scale_model_input(latents, time), []
            for branch in range(3):
                self.branch = branch
                words = told[branch].expand(len(frames), -1, -1)
                predicted.append(self.unet(torch.cat([scaled, seen[branch]], 1), time, words).sample)
            full, image, none = predicted
            guided = none + IMAGE * (image - none) + TEXT * (full - image)
            latents = self.scheduler.step(guided, time, latents, generator=generators).prev_sample
        decoded = self.vae.decode(latents / self.vae.config.scaling_factor).sample
        levels = ((decoded.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        levels = levels[:, :HEIGHT, :WIDTH].copy()
        for place, picture in (given or {}).items():
            levels[place] = picture
        return levels

    def encode(self, frames: np.ndarray) -> torch.Tensor:
        """The mode of what the autoencoder says of frames that go on as their mirror images below and to the right."""
        sides = zip((HEIGHT, WIDTH), PADDED, strict=True)
        rows, columns = ([*range(side), *range(side - 1, -1, -1)][:whole] for side, whole in sides)
        padded = frames[:, rows][:, :, columns]
        return self.vae.encode(torch.from_numpy(padded).permute(0, 3, 1, 2).float() / 127.5 - 1).latent_dist.mode()

    def read(self, text: str) -> torch.Tensor:
        """The last hidden states of the text encoder."""
        tokens = self.tokenizer(text, padding="max_length", truncation=True, return_tensors="pt").input_ids
        return self.text_encoder(tokens).last_hidden_state


@pytest.mark.parametrize("given", [None, {1: pictures(1, seed=9)[0]}], ids=["plain", "given"])
def test_anchors_and_frames_are_those_of_a_plain_loop(sd_folder: Path, sd_model: Model, given):
    frames, loop = pictures(4), Loop(sd_folder)
    with Editor(sd_model) as editor:
        bank = editor.edit_anchors(frames[[0, 3]], INSTRUCTION, CONFIG, given=given)
        edited = np.stack(list(editor.edit_frames(frames[1:3], bank)))
    anchors = loop.edit(frames[[0, 3]], given, anchors=True)
    others = np.concatenate([loop.edit(frames[index : index + 1], anchors=False) for index in (1, 2)])
    # One level of 255: the two compute the same numbers in another order.
    assert np.abs(bank.frames.astype(int) - anchors).max() <= 1
    assert np.abs(edited.astype(int) - others).max() <= 1
    assert np.abs(edited.astype(int) - frames[1:3]).max() > 20  # and there is something to be seen


@pytest.mark.parametrize(("share", "guided"), [(0.4, 2), (0.5, 2), (0.0, 0), (1.0, 3)])
def test_guidance_counts_in_its_share_of_the_steps_rounded_up(sd_model: Model, share: float, guided: int):
    settings = EditConfig(num_steps=3, guided_share=share).resolved(sd_model.defaults)
    assert [settings.is_guided(step) for step in range(3)] == [step < guided for step in range(3)]


@pytest.fixture(scope="module")
def embedded() -> Model:
    return fairy.models.load("embedded", device="cpu")


def edits(model: Model, frames: np.ndarray, micro_batch: int | None = None) -> list[np.ndarray]:
    """Of the embedded model, beside two anchors."""
    with Editor(model, micro_batch=micro_batch) as editor:
        anchors = pictures(2, 96, 128, seed=3)
        bank = editor.edit_anchors(anchors, INSTRUCTION, EditConfig(num_steps=2))
        return [*bank.frames, *editor.edit_frames(frames, bank)]


@pytest.mark.parametrize("micro_batch", [1, 4])
def test_the_embedded_models_frames_do_not_depend_on_their_companions(embedded: Model, micro_batch: int):
    frames = pictures(5, 96, 128)
    together = edits(embedded, frames, micro_batch)
    for index in (0, 4):
        assert np.array_equal(edits(embedded, frames[index : index + 1], micro_batch)[2], together[2 + index])


def test_the_embedded_models_bits_do_not_depend_on_the_number_of_threads(embedded: Model):
    frames, before, found = pictures(1, 96, 128), torch.get_num_threads(), []
    try:
        for count in (1, 2, 5):
            torch.set_num_threads(count)
            found.append(np.stack(edits(embedded, frames)))
    finally:
        torch.set_num_threads(before)
    assert all(np.array_equal(found[0], other) for other in found[1:])
