"""The case `attention`: how fast each layer reads the anchors, in every form that we know.

    joined   softmax(Q [K, K_anc]^T / sqrt(d)) [V, V_anc], the anchors copied for every frame: the one that edits
    merged   softmax over the own tokens and softmax over the anchors', each with the logarithm of its denominator, by
             which they are weighed; the queries of all frames of a branch meet its anchors in one product, uncopied

B guidance branches, F frames of a micro-batch, n = B * F, L tokens of a frame, M = K * L of the anchors, C = H * D
channels in H heads. Each form is also compared with the first one, `joined`.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from einops import rearrange
from torch._subclasses.fake_tensor import FakeTensorMode

from fairy.config import EditConfig
from fairy.lab.bench.timing import FAILURES, describe_failure, seconds_of
from fairy.method.attend import attend_joined, join
from fairy.models import Model
from fairy.models.attention import KeysValues, attend, uninstall

WARM_UPS, LEAST_SECONDS, MOST_RUNS = 3, 0.5, 200
PADDED_TO = 64


class Form(Protocol):
    """A way for frames to read themselves and the anchors."""

    def __call__(
        self, queries: torch.Tensor, own: KeysValues, anchors: KeysValues, /, *, heads: int, strength: float
    ) -> torch.Tensor:
        """(n, L, C) -> (n, L, C); log(strength) is added to the anchors' logits."""


@dataclass(frozen=True)
class LayerShape:
    """Self-attention layers of one shape."""

    heads: int
    tokens: int
    """Of a frame."""
    head_dim: int
    num_layers: int


@dataclass(frozen=True)
class FormRow(LayerShape):
    """One form in layers of one shape."""

    model: str
    num_frames: int
    num_anchors: int
    form: str
    milliseconds: float | None = None
    """Of one call; None where it failed."""
    difference: float | None = None
    """From `joined`, at most, of values that are drawn from a normal distribution."""
    failure: str = ""


@dataclass(frozen=True)
class _Shapes:
    found: Counter[tuple[int, int, int]] = field(default_factory=Counter)

    def attend(
        self,
        layer: str,  # noqa: ARG002
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        heads: int,
        noisy: slice | None = None,  # noqa: ARG002
    ) -> torch.Tensor:
        self.found[heads, keys.shape[1], keys.shape[2] // heads] += 1
        return attend(queries, keys, values, heads)

    def of_branch(self, branch: int) -> _Shapes:  # noqa: ARG002
        return self


def layer_shapes(model: Model, size: tuple[int, int]) -> list[LayerShape]:
    """Of the self-attention layers at `size` (width, height); nothing is computed."""
    width, height = size
    family, shapes = model.family, _Shapes()
    former = family.install(model.denoiser)
    timestep = family.schedule(model, 10, height, width).timesteps[0]
    told, settings = family.read(model, "", height, width), EditConfig().resolved(model.defaults)
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
        latents = torch.zeros(1, *family.latent_shape(model, height, width), device=model.device)
        family.predict(model, latents, family.inputs(model, told, latents, (0,), settings), timestep, shapes)
    uninstall(model.denoiser, former)
    return [LayerShape(*shape, count) for shape, count in sorted(shapes.found.items(), key=lambda item: -item[0][1])]


def forms_for(shape: LayerShape, device: torch.device) -> dict[str, Form]:
    """By name; `own` reads no anchors, and is what they are to be compared with."""
    forms: dict[str, Form] = dict(FORMS)
    if shape.head_dim < PADDED_TO:
        forms[f"joined, heads padded to {PADDED_TO}"] = attend_padded
    if device.type == "cuda":
        forms["FlexAttention"] = attend_flex
    return forms | {"own": attend_to_own}


def measure_forms(
    model: Model, name: str, size: tuple[int, int], *, num_frames: int, num_anchors: int
) -> list[FormRow]:
    """A row for each shape and form."""
    rows = []
    branches = len(model.family.branches(model, EditConfig().resolved(model.defaults), 0))
    for shape in layer_shapes(model, size):
        tensors = draw_tensors(shape, branches, num_frames, num_anchors, model.device, model.dtype)
        about = {"model": name, **vars(shape), "num_frames": num_frames, "num_anchors": num_anchors}
        reference: torch.Tensor | None = None
        for form_name, form in forms_for(shape, model.device).items():
            run = partial(form, *tensors, heads=shape.heads, strength=1.0)
            row = FormRow(**about, form=form_name)
            try:
                with torch.inference_mode():
                    mixed = run()
                    row = replace(row, milliseconds=1000 * median_seconds(run, model.device))
            except FAILURES as error:
                rows.append(replace(row, failure=describe_failure(error)))
                continue
            reference = mixed if reference is None else reference
            difference = None if form_name == "own" else float((mixed - reference).abs().max())
            rows.append(replace(row, difference=difference))
    return rows


def draw_tensors(
    shape: LayerShape, branches: int, num_frames: int, num_anchors: int, device: torch.device, dtype: torch.dtype
) -> tuple[torch.Tensor, KeysValues, KeysValues]:
    """Queries (n, L, C), keys and values of the frames, keys and values of the anchors, (B, M, C)."""
    generator = torch.Generator().manual_seed(0)

    def normal(batch: int, tokens: int) -> torch.Tensor:
        size = (batch, tokens, shape.heads * shape.head_dim)
        return torch.randn(size, generator=generator).to(device, dtype)

    queries, keys, values = (normal(branches * num_frames, shape.tokens) for _ in range(3))
    anchors = KeysValues(*(normal(branches, num_anchors * shape.tokens) for _ in range(2)))
    return queries, KeysValues(keys, values), anchors


def median_seconds(run: Callable[[], object], device: torch.device) -> float:
    """Of as many runs as fit into half a second, after a warm-up."""
    for _ in range(WARM_UPS):
        once = seconds_of(run, device)
    runs = max(3, min(MOST_RUNS, round(LEAST_SECONDS / max(once, 1e-9))))
    return statistics.median(seconds_of(run, device) for _ in range(runs))


def attend_merged(
    queries: torch.Tensor, own: KeysValues, anchors: KeysValues, *, heads: int, strength: float
) -> torch.Tensor:
    """Two products, weighed by their denominators. See `Form`."""
    num_frames = len(own.keys) // len(anchors.keys)
    split, joint = "n l (h d) -> n h l d", "(b f) l (h d) -> b h (f l) d"
    of_own, own_log = _attend_with_log(*(rearrange(x, split, h=heads) for x in (queries, *own)))
    of_anchors, anchors_log = _attend_with_log(
        rearrange(queries, joint, h=heads, f=num_frames),
        *(rearrange(x, split, h=heads) for x in anchors),
    )
    of_anchors = rearrange(of_anchors, "b h (f l) d -> (b f) h l d", f=num_frames)
    anchors_log = rearrange(anchors_log, "b h (f l) -> (b f) h l", f=num_frames) + math.log(strength)
    share = torch.sigmoid(anchors_log - own_log)[..., None].to(of_own.dtype)
    return rearrange(torch.lerp(of_own, of_anchors, share), "n h l d -> n l (h d)")


def attend_to_own(queries: torch.Tensor, own: KeysValues, _: KeysValues, *, heads: int, **__: float) -> torch.Tensor:
    """Without anchors."""
    return attend(queries, *own, heads)


def attend_padded(
    queries: torch.Tensor, own: KeysValues, anchors: KeysValues, *, heads: int, **_: float
) -> torch.Tensor:
    """`joined` with heads filled up with zeros to PADDED_TO, which some kernels like better; of strength 1."""
    width = queries.shape[-1] // heads
    queries, keys, values = (F.pad(x, (0, PADDED_TO - width)) for x in _joined_heads(queries, own, anchors, heads))
    mixed = F.scaled_dot_product_attention(queries, keys, values, scale=width**-0.5)
    return rearrange(mixed[..., :width], "n h l d -> n l (h d)")


def attend_flex(queries: torch.Tensor, own: KeysValues, anchors: KeysValues, *, heads: int, **_: float) -> torch.Tensor:
    """`joined` by torch's FlexAttention, compiled; of strength 1."""
    mixed = compiled_flex()(*_joined_heads(queries, own, anchors, heads))
    return rearrange(mixed, "n h l d -> n l (h d)")


@cache
def compiled_flex() -> Any:
    """FlexAttention is quick only when compiled."""
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention)


def _joined_heads(queries: torch.Tensor, own: KeysValues, anchors: KeysValues, heads: int) -> list[torch.Tensor]:
    """(n, H, L, D), and (n, H, L + M, D) twice."""
    return [rearrange(x, "n l (h d) -> n h l d", h=heads).contiguous() for x in (queries, *join(own, anchors))]


def _attend_with_log(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, H, L, D), (n, H, M, D) twice -> (n, H, L, D) and float32 (n, H, L), the log of the softmax's denominators.

    These are the kernels behind `scaled_dot_product_attention`, which keeps the second result to itself.
    """
    kernels = torch.ops.aten
    if queries.device.type == "cpu":
        return kernels._scaled_dot_product_flash_attention_for_cpu(queries, keys, values)
    if queries.device.type == "cuda":
        if queries.dtype in (torch.float16, torch.bfloat16) and queries.shape[-1] % 8 == 0:
            return kernels._scaled_dot_product_flash_attention(queries, keys, values)[:2]
        # Its logarithms are padded to a multiple of 32.
        mixed, logs = kernels._scaled_dot_product_efficient_attention(queries, keys, values, None, True)[:2]
        return mixed, logs[..., : queries.shape[2]]
    logits = (queries @ keys.mT).float() / math.sqrt(queries.shape[-1])
    return torch.softmax(logits, -1).to(values.dtype) @ values, torch.logsumexp(logits, -1)


FORMS: dict[str, Form] = {"joined": attend_joined, "merged": attend_merged}
