"""CLIP (Radford et al., arXiv 2103.00020) through transformers, and what is measured with it.

Any CLIP in transformers' format, safetensors only. Pictures are prepared as CLIP's own processor does it, by Pillow:
the shorter side to the network's size, bicubic; the middle square; normalised. So of a wide video the left and the
right end are not seen. B pictures, D numbers of an embedding, all of length 1, float32.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from transformers import CLIPModel, CLIPTokenizer

from fairy.errors import ModelError, UsageError
from fairy.lab.metrics.checkpoint import Preparation, find_checkpoint, read_preparation
from fairy.lab.metrics.scores import Measured, mean
from fairy.models.quiet import quiet_libraries

BATCH = 16


class Clip:
    """A CLIP model ready to embed pictures and texts."""

    def __init__(self, model: CLIPModel, tokenizer: CLIPTokenizer, preparation: Preparation) -> None:
        self._model, self._tokenizer, self._preparation = model.eval(), tokenizer, preparation

    def prepare(self, picture: np.ndarray) -> torch.Tensor:
        """uint8 (H, W, 3) -> float32 (3, size, size), as the network takes it."""
        return prepare(picture, self._preparation)

    @torch.inference_mode()
    def embed_pictures(self, prepared: Sequence[torch.Tensor]) -> torch.Tensor:
        """Prepared pictures -> (B, D)."""
        model = self._model
        pixels = torch.stack(list(prepared)).to(model.device)
        pooled = model.vision_model(pixel_values=pixels).pooler_output
        return _unit(model.visual_projection(pooled))

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> torch.Tensor:
        """Texts -> (B, D); a text that is too long for the model is cut."""
        model = self._model
        tokens = self._tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(model.device)
        pooled = model.text_model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask).pooler_output
        return _unit(model.text_projection(pooled))

    @property
    def scale(self) -> float:
        """What PickScore multiplies a cosine by."""
        return float(self._model.logit_scale.detach().exp())


def _unit(embeddings: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(embeddings.float(), dim=-1).cpu()


def load_clip(name_or_path: str, device: str = "auto") -> Clip:
    """A CLIP by folder or hub id. Raises ModelError where there is none."""
    folder = find_checkpoint(name_or_path)
    try:
        with quiet_libraries():
            model = CLIPModel.from_pretrained(folder, use_safetensors=True, local_files_only=True, dtype=torch.float32)
            tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        line = " ".join(str(error).split())[:200]
        raise ModelError(f"{name_or_path} cannot be loaded as a CLIP model: {line}") from error
    return Clip(
        model.to(choose_device(device)), tokenizer, read_preparation(folder, model.config.vision_config.image_size)
    )


def choose_device(device: str) -> torch.device:
    """`auto` is a GPU where there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {device}: is not on this machine; auto and cpu always are") from error


def prepare(picture: np.ndarray, preparation: Preparation) -> torch.Tensor:
    """uint8 (H, W, 3) -> float32 (3, crop, crop): scaled, the middle cut out, normalised."""
    height, width = picture.shape[:2]
    short = preparation.shortest_edge
    # The longer side is rounded down, and the middle as well: the processor of transformers does it so.
    size = (short, int(short * height / width)) if width <= height else (int(short * width / height), short)
    scaled = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
    crop = preparation.crop
    top, left = ((side - crop) // 2 for side in scaled.shape[:2])
    middle = scaled[top : top + crop, left : left + crop].astype(np.float32) / 255
    mean_colour, spread = (np.array(each, np.float32) for each in (preparation.mean, preparation.std))
    return torch.from_numpy((middle - mean_colour) / spread).permute(2, 0, 1)


class ClipMeter:
    """Tem-Con, Frame-Acc and the rest; frames are gathered into batches."""

    def __init__(self, clip: Clip, source_prompt: str | None, target_prompt: str | None) -> None:
        self._clip = clip
        prompts = {"source": source_prompt, "target": target_prompt}
        given = {name: text for name, text in prompts.items() if text}
        self._prompts = dict(zip(given, clip.embed_texts(list(given.values())), strict=True)) if given else {}
        self._waiting: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._last: tuple[torch.Tensor, torch.Tensor] | None = None
        self._series: dict[str, array[float]] = defaultdict(lambda: array("d"))

    def add(self, source: np.ndarray, edited: np.ndarray) -> None:
        """The next frame of both, uint8 (H, W, 3)."""
        self._waiting.append((self._clip.prepare(source), self._clip.prepare(edited)))
        if len(self._waiting) == BATCH:
            self._measure()

    def _measure(self) -> None:
        for pair in zip(*(self._clip.embed_pictures(each) for each in zip(*self._waiting, strict=True)), strict=True):
            if self._last is not None:
                for name, before, after in zip(("tem_con_source", "tem_con"), self._last, pair, strict=True):
                    self._series[name].append(float(before @ after))
            self._last = pair
            self._measure_frame(*pair)
        self._waiting = []

    def _measure_frame(self, source: torch.Tensor, edited: torch.Tensor) -> None:
        self._series["clip_image"].append(float(source @ edited))
        target, origin = self._prompts.get("target"), self._prompts.get("source")
        if target is None:
            return
        self._series["clip_text"].append(float(edited @ target))
        if origin is None:
            return
        self._series["frame_acc"].append(float(edited @ target > edited @ origin))
        self._series["clip_direction"].append(cosine(edited - source, target - origin))

    def finish(self) -> Measured:
        """All values and series."""
        if self._waiting:
            self._measure()
        series = {name: np.array(each) for name, each in self._series.items()}
        missing = "target prompt" if "target" not in self._prompts else "source prompt"
        what = (
            "frame_acc, clip_text and clip_direction"
            if missing.startswith("target")
            else "frame_acc and clip_direction"
        )
        notes = () if len(self._prompts) == 2 else (f"{what} are left out: they need a {missing}",)
        return Measured({name: mean(each) for name, each in series.items()}, series, notes)


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    """NaN where either has no direction."""
    lengths = float(a.norm()), float(b.norm())
    return float(a @ b) / (lengths[0] * lengths[1]) if all(lengths) else float("nan")
