"""CLIP (Radford et al., arXiv 2103.00020) through transformers, and what is measured with it.

Any CLIP in transformers' format, safetensors only. Pictures are prepared by CLIP's own processor, on Pillow: the
shorter side to the network's size, bicubic; the middle square; normalised. So of a wide video the left and the right
end are not seen. B pictures, D numbers of an embedding, all of length 1, float32.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import CLIPModel, CLIPTokenizer

from fairy.errors import ModelError
from fairy.lab.metrics.scores import Measured, mean
from fairy.models.device import choose_device
from fairy.models.quiet import quiet_libraries

with quiet_libraries():  # without torchvision it says that it falls back on Pillow, which is what is wanted
    try:
        from transformers import CLIPImageProcessorPil as CLIPImageProcessor
    except ImportError:  # transformers 4, where it has this name
        from transformers import CLIPImageProcessor

BATCH = 16


class ClipEmbedder:
    """A CLIP model ready to embed pictures and texts."""

    def __init__(self, model: CLIPModel, tokenizer: CLIPTokenizer, processor: CLIPImageProcessor) -> None:
        self._model, self._tokenizer, self._processor = model.eval(), tokenizer, processor

    def prepare(self, picture: np.ndarray) -> torch.Tensor:
        """uint8 (H, W, 3) -> float32 (3, size, size), as the network takes it."""
        prepared: torch.Tensor = self._processor(picture, return_tensors="pt")["pixel_values"][0]
        return prepared

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


def load_clip(folder: Path, device: str = "auto") -> ClipEmbedder:
    """The CLIP in a folder. ModelError where it cannot be loaded."""
    where: dict[str, Any] = {"local_files_only": True}
    try:
        with quiet_libraries():
            model = CLIPModel.from_pretrained(folder, use_safetensors=True, dtype=torch.float32, **where)
            tokenizer = CLIPTokenizer.from_pretrained(folder, **where)
            if (folder / "preprocessor_config.json").is_file():
                processor = CLIPImageProcessor.from_pretrained(folder, **where)
            else:
                side = model.config.vision_config.image_size
                processor = CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    except (OSError, ValueError, RuntimeError) as error:
        line = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder} cannot be loaded as a CLIP model: {line}") from error
    return ClipEmbedder(model.to(choose_device(device)), tokenizer, processor)


class ClipMeter:
    """Tem-Con, Frame-Acc and the rest; frames are gathered into batches."""

    def __init__(self, clip: ClipEmbedder, source_prompt: str | None, target_prompt: str | None) -> None:
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
        missing, what = "source prompt", "frame_acc and clip_direction"
        if "target" not in self._prompts:
            missing, what = "target prompt", "frame_acc, clip_text and clip_direction"
        notes = () if len(self._prompts) == 2 else (f"{what} are left out: they need a {missing}",)
        return Measured({name: mean(each) for name, each in series.items()}, series, notes)


class PickMeter:
    """PickScore (Kirstain et al., arXiv 2305.01569): how well people would like each frame for a text."""

    def __init__(self, clip: ClipEmbedder, text: str) -> None:
        self._clip = clip
        self._text = clip.embed_texts([text])[0]
        self._waiting: list[torch.Tensor] = []
        self._series = array("d")

    def add(self, source: np.ndarray, edited: np.ndarray) -> None:  # noqa: ARG002 - it knows no source
        """The next frame, uint8 (H, W, 3)."""
        self._waiting.append(self._clip.prepare(edited))
        if len(self._waiting) == BATCH:
            self._measure()

    def _measure(self) -> None:
        cosines = self._clip.embed_pictures(self._waiting) @ self._text
        self._series.extend((self._clip.scale * cosines).tolist())
        self._waiting = []

    def finish(self) -> Measured:
        """The value and its series."""
        if self._waiting:
            self._measure()
        return Measured({"pickscore": mean(self._series)}, {"pickscore": np.array(self._series)})


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    """NaN where either has no direction."""
    lengths = float(a.norm()), float(b.norm())
    return float(a @ b) / (lengths[0] * lengths[1]) if all(lengths) else float("nan")
