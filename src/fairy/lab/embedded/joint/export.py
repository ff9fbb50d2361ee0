"""From a trained joint-attention editor to a diffusers folder: a Flux2KleinPipeline that needs no guidance."""

from __future__ import annotations

import json
from pathlib import Path

from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline
from transformers import Qwen2TokenizerFast

from fairy.lab.embedded.joint.editor import JointEditor, build_scheduler
from fairy.lab.embedded.joint.recipe import JointRecipe
from fairy.lab.synthetic import EDITS, all_instructions
from fairy.models.defaults import FILE_NAME


def export(
    editor: JointEditor,
    autoencoder: AutoencoderKLFlux2,
    tokenizer: Qwen2TokenizerFast,
    recipe: JointRecipe,
    folder: Path,
) -> None:
    """Write the folder in half precision, with this model's own traits in `fairy.json`."""
    # The text encoder stays float32, as the first model's: transformers opens it in the type it was saved in.
    pipeline = Flux2KleinPipeline(
        transformer=editor.transformer.half(),
        vae=autoencoder.half(),
        text_encoder=editor.text_encoder,
        tokenizer=tokenizer,
        scheduler=build_scheduler(),
        is_distilled=True,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    taught = list(dict.fromkeys(recipe.edits))
    settings = {
        "long_side": recipe.long_side,
        "num_steps": recipe.sampling_steps,
        "text_layers": list(range(1, recipe.text_layers + 1)),
        "text_length": recipe.text_length,
        "words": " ".join(sorted({word for text in all_instructions("train", taught) for word in text.split()})),
        "edits": [EDITS[name].train[0] for name in taught],
    }
    (folder / FILE_NAME).write_text(json.dumps(settings, indent=2) + "\n")
