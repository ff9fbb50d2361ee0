"""The two embedded models as the command makes them: what each has of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusers import AutoencoderKLFlux2, AutoencoderTiny
from transformers import CLIPTokenizer, Qwen2TokenizerFast

from fairy.lab.embedded import autoencoder, export, tokenizer
from fairy.lab.embedded.joint import autoencoder as joint_autoencoder
from fairy.lab.embedded.joint import editor as joint_editor
from fairy.lab.embedded.joint import export as joint_export
from fairy.lab.embedded.joint import text as joint_text
from fairy.lab.embedded.joint.recipe import JointRecipe
from fairy.lab.embedded.loop import Editor
from fairy.lab.embedded.recipe import Recipe
from fairy.models import Model

MODELS = Path(__file__).parents[2] / "models"


@dataclass(frozen=True)
class Kind:
    """Parts are made by functions of the recipe; what is trained is a `Trained` of the loop."""

    recipe: type[Recipe]
    shipped: Path
    """The folder in this package."""
    tokenizer: Any
    """A class of transformers."""
    train_tokenizer: Callable[..., Any]
    save_tokenizer: Callable[[Any, Path], Any]
    autoencoder: Any
    """A class of diffusers."""
    build_autoencoder: Callable[..., Any]
    build_editor: Callable[..., Any]
    export: Callable[..., None]
    trained: Callable[[Model], Any]
    """A loaded model as it was trained, a `Trained`."""


KINDS = {
    "unet": Kind(
        Recipe,
        MODELS / "embedded",
        CLIPTokenizer,
        tokenizer.train_tokenizer,
        tokenizer.save_tokenizer,
        AutoencoderTiny,
        autoencoder.build_autoencoder,
        export.build_editor,
        export.export,
        lambda model: Editor(model.denoiser, model.text_encoders[0]),
    ),
    "joint": Kind(
        JointRecipe,
        MODELS / "embedded_joint",
        Qwen2TokenizerFast,
        joint_text.train_tokenizer,
        lambda learned, folder: learned.save_pretrained(folder),
        AutoencoderKLFlux2,
        joint_autoencoder.build_autoencoder,
        joint_editor.build_editor,
        joint_export.export,
        lambda model: joint_editor.JointEditor(
            model.denoiser, model.text_encoders[0], model.tokenizers[0].pad_token_id
        ),
    ),
}
