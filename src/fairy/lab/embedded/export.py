"""From a checkpoint to a diffusers folder: what `fairy.load` and diffusers' stock pipeline open."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, StableDiffusionInstructPix2PixPipeline, UNet2DConditionModel
from diffusers.training_utils import EMAModel
from transformers import CLIPTextModel, CLIPTokenizer

from fairy.lab.embedded.loop import Editor
from fairy.lab.embedded.recipe import Recipe
from fairy.lab.embedded.tokenizer import build_text_encoder, save_tokenizer
from fairy.lab.embedded.unet import build_scheduler, build_trainee, build_unet, take_over
from fairy.lab.training.saving import widen

SETTINGS = "fairy.json"


def build_editor(tokenizer: CLIPTokenizer, recipe: Recipe) -> Editor:
    """The untrained editor of the recipe's seed."""
    torch.manual_seed(recipe.seed)
    return Editor(build_trainee(recipe), build_text_encoder(tokenizer, recipe))


def take_over_folder(folder: Path, editor: Editor) -> None:
    """Put the weights of an exported folder into the editor, to train them further."""
    take_over(editor.unet, UNet2DConditionModel.from_pretrained(folder / "unet"))
    editor.text_encoder.load_state_dict(CLIPTextModel.from_pretrained(folder / "text_encoder").state_dict())


def load_average(checkpoint: Path, editor: Editor) -> int:
    """Put a checkpoint's moving average into the editor; returns the checkpoint's step."""
    state = torch.load(checkpoint, weights_only=True, mmap=True)
    average = EMAModel(editor.parameters())
    average.load_state_dict(state["average"])
    average.copy_to(editor.parameters())
    return state["step"]


def export(
    editor: Editor, autoencoder: AutoencoderTiny, tokenizer: CLIPTokenizer, recipe: Recipe, folder: Path
) -> None:
    """Write the folder in half precision, with this model's own defaults in `fairy.json`."""
    unet = build_unet(recipe)
    unet.load_state_dict(widen(editor.unet.state_dict(), unet))
    pipeline = StableDiffusionInstructPix2PixPipeline(
        vae=autoencoder,
        text_encoder=editor.text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    # Transformers opens a text encoder in the type it was saved in, diffusers opens the rest in float32: a text encoder
    # in half precision would not fit the others unless the caller names a type.
    unet.half()
    autoencoder.half()
    pipeline.save_pretrained(folder, safe_serialization=True)
    save_tokenizer(tokenizer, folder / "tokenizer")
    settings = {
        "long_side": recipe.long_side,
        "num_steps": recipe.sampling_steps,
        "text_guidance": recipe.text_guidance,
        "image_guidance": recipe.image_guidance,
        "scheduler": "EulerAncestralDiscreteScheduler",
    }
    (folder / SETTINGS).write_text(json.dumps(settings, indent=2) + "\n")
