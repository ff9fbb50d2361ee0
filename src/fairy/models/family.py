"""What a family of editors is: all that tells InstructPix2Pix from FLUX.2 klein stands in one module with these names.

The modules lie in `fairy.models.families`; nothing else of Fairy knows one of them. F frames of H x W pixels, latents
(C, h, w), B guidance branches, each with a number of its own. What a family makes for itself (an instruction that has
been read, a source that has been looked at, the inputs of a step) is opaque to everybody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

    from fairy.config import EditSettings
    from fairy.models.attention import Anchors
    from fairy.models.bundle import Model
    from fairy.models.defaults import Defaults
    from fairy.models.folder import ModelFolder
    from fairy.models.schedules import Schedule

Components = Mapping[str, tuple[str, ...]]
"""Parts of a model's folder, each with the classes of diffusers or transformers that it may be of."""


class Family(Protocol):
    """A kind of editor. A module satisfies this."""

    NAME: str
    """As users know it."""
    PIPELINES: Mapping[str, Components]
    """diffusers' pipelines that run such a model, by the name of their class, with the model's parts. Parts are loaded
    in this order; the denoiser is called unet or transformer, text encoders and tokenizers begin with these words."""
    TEXT_STAYS: bool
    """Whether the text encoders stay on the model's device; else `read` takes them there for as long as it needs."""

    def check(self, folder: ModelFolder) -> None:
        """Raise ModelError where a folder of such a pipeline is no editor all the same."""

    def restriction(self, folder: ModelFolder) -> str:
        """What the licence of its weights forbids, in a line for users; empty where nothing is known."""

    def defaults(self, folder: ModelFolder) -> Defaults:
        """What an edit uses where neither the user nor the folder's fairy.json says anything."""

    def prepare(self, model: Model) -> None:
        """What is done once to a model that was loaded, before it computes anything."""

    def pipeline(self, model: Model) -> Any:
        """diffusers' own pipeline round the model's parts: it knows the formats of LoRAs."""

    def install(self, denoiser: Any) -> dict[str, Any]:
        """Exchange its attention processors for ones that take `anchors`; returns the former ones."""

    def multiple(self, model: Model) -> int:
        """Sides of the frames must be multiples of this."""

    def latent_shape(self, model: Model, height: int, width: int) -> tuple[int, int, int]:
        """(C, h, w) for frames of `height` x `width` pixels, both multiples of `multiple`."""

    def schedule(self, model: Model, num_steps: int, height: int, width: int) -> Schedule:
        """A fresh one for one trajectory. UsageError where its scheduler does not take that number of steps."""

    def branches(self, model: Model, settings: EditSettings, step: int) -> tuple[int, ...]:
        """The guidance branches that count in one step."""

    def guide(self, model: Model, predicted: Mapping[int, torch.Tensor], settings: EditSettings) -> torch.Tensor:
        """(F, C, h, w) of each branch that was computed -> (F, C, h, w)."""

    def read(self, model: Model, instruction: str, height: int, width: int) -> Any:
        """An instruction, read once a job for frames of that size."""

    def dropped_text(self, model: Model, instruction: str) -> str:
        """The end of an instruction that the model does not read; empty where all of it is read."""

    def look(self, model: Model, frames: torch.Tensor, instruction: Any) -> Any:
        """float (F, 3, H, W) in -1..1 -> what the denoiser sees of these source frames in every step."""

    def inputs(self, model: Model, instruction: Any, seen: Any, branches: Sequence[int], settings: EditSettings) -> Any:
        """What the denoiser takes in all steps that compute these branches."""

    def predict(
        self, model: Model, latents: torch.Tensor, inputs: Any, timestep: torch.Tensor, anchors: Anchors | None
    ) -> Sequence[torch.Tensor]:
        """One call of the denoiser: latents (F, C, h, w) as the schedule scales them -> float32 (F, C, h, w) for each
        branch of `inputs`, in their order."""

    def encode(self, model: Model, frames: torch.Tensor) -> torch.Tensor:
        """float (F, 3, H, W) in -1..1 -> float32 (F, C, h, w) as if denoised: `decode` undone."""

    def decode(self, model: Model, latents: torch.Tensor) -> torch.Tensor:
        """Denoised latents (F, C, h, w) -> float32 (F, 3, H, W) in -1..1."""
