"""`python -m fairy.lab.embedded.embedded STEP`: makes an embedded model from nothing, one step after the other.

--kind unet, the default, is the first model, --kind joint the second.

parts         take encoder, decoder and tokenizer over from the folder --weights: no `autoencoder`, no `decoder`
autoencoder   fit the encoder's components and the tokenizer
data          write the latents of all pairs
decoder       train the decoder (may run beside `train`)
train         train UNet and text encoder; under torchrun or accelerate launch on several processes; resumes
export        write the diffusers folder
evaluate      confusion table, share of self-attention, and a page of samples for an exported folder
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

import fairy.models
from fairy.errors import UsageError
from fairy.lab.embedded.autoencoder import Components, fit_components, take_components, train_decoder
from fairy.lab.embedded.data import Latents, load_pictures, tokenize, write_chunks
from fairy.lab.embedded.evaluate import evaluate
from fairy.lab.embedded.export import load_average, take_over_folder
from fairy.lab.embedded.kinds import KINDS, Kind
from fairy.lab.embedded.loop import Trainer
from fairy.lab.embedded.recipe import Recipe
from fairy.lab.synthetic import all_instructions, photographs, sample_pair
from fairy.lab.training.trainee import LinearEncoder

COMPONENTS = "components.safetensors"
NUM_FIT_PAIRS = 400


def main() -> None:
    """Parse and call."""
    options = _parse()
    torch.set_num_threads(options.threads)
    own = KINDS[options.kind].recipe()
    recipe = replace(
        own,
        num_steps=options.num_steps or own.num_steps,
        num_chunks=options.num_chunks or own.num_chunks,
        small_steps=own.small_steps if options.small_steps is None else options.small_steps,
        free_resnets=options.free_resnets,
    )
    _STEPS[options.command](recipe, options)


def make_autoencoder(recipe: Recipe, options: argparse.Namespace) -> None:
    """The encoder's principal components; and the tokenizer, which also needs nothing but the world."""
    torch.manual_seed(recipe.seed)
    photos = photographs("train")
    sizes = recipe.sizes
    pairs = [
        sample_pair(10**9 + number, size=sizes[number % len(sizes)], split="train", photos=photos)
        for number in range(NUM_FIT_PAIRS)
    ]
    pictures = [picture for pair in pairs for picture in (pair.source, pair.edited)]
    components = fit_components(pictures, recipe)
    options.folder.mkdir(parents=True, exist_ok=True)
    _save_components(components, options)
    tokenizer_folder = options.folder / "tokenizer"
    tokenizer_folder.mkdir(parents=True, exist_ok=True)
    kind = _kind(options)
    instructions = all_instructions("train", list(dict.fromkeys(recipe.edits)))
    kind.save_tokenizer(kind.train_tokenizer(instructions, recipe), tokenizer_folder)


def take_parts(recipe: Recipe, options: argparse.Namespace) -> None:
    """All that is there already and that stays as it is, from an exported folder."""
    if options.weights is None:
        raise UsageError("parts: say --weights FOLDER, the exported folder to take them from")
    model = fairy.models.load(options.weights)
    encoder = LinearEncoder.of(model)
    if encoder is None:
        raise UsageError(f"parts: the encoder of {options.weights} is not a linear one")
    options.folder.mkdir(parents=True, exist_ok=True)
    _save_components(take_components(encoder), options)
    model.vae.save_pretrained(_decoder_folder(recipe, options))
    _kind(options).save_tokenizer(model.tokenizers[0], options.folder / "tokenizer")


def make_data(recipe: Recipe, options: argparse.Namespace) -> None:
    write_chunks(recipe, _components(options), options.folder / "data", num_workers=options.workers)


def make_decoder(recipe: Recipe, options: argparse.Namespace) -> None:
    """Train the decoder for each entry of `decoder_steps` that is still to come, from where the last one ended."""
    for stage, num_steps in enumerate(recipe.decoder_steps):
        folder = options.folder / f"decoder_{stage}"
        if folder.exists():
            continue
        torch.manual_seed(recipe.seed)
        autoencoder = _kind(options).build_autoencoder(_components(options), recipe)
        if stage:
            autoencoder = _kind(options).autoencoder.from_pretrained(options.folder / f"decoder_{stage - 1}")
        pictures = load_pictures(recipe, options.folder / "data")
        train_decoder(
            autoencoder, _components(options), pictures, recipe, folder, num_steps=num_steps, seed=recipe.seed + stage
        )


def train(recipe: Recipe, options: argparse.Namespace) -> None:
    tokenizer = _tokenizer(options)
    editor = _kind(options).build_editor(tokenizer, recipe)
    latents = Latents(recipe, options.folder / "data", tokenizer)
    if options.weights:
        take_over_folder(options.weights, editor)
    trainer = Trainer(recipe, editor, latents, tokenize(tokenizer, [""])[0], options.folder)
    if trainer.checkpoint.exists():
        trainer.resume()
    for _ in trainer.run(recipe.num_steps, save_every=options.save_every):
        pass


def make_export(recipe: Recipe, options: argparse.Namespace) -> None:
    recipe = replace(recipe, text_guidance=options.text_guidance, image_guidance=options.image_guidance)
    kind, tokenizer = _kind(options), _tokenizer(options)
    editor = kind.build_editor(tokenizer, recipe)
    load_average(options.folder / "checkpoint.pt", editor)
    trained = kind.autoencoder.from_pretrained(_decoder_folder(recipe, options))
    autoencoder = kind.build_autoencoder(
        _components(options), recipe
    )  # a fresh one: the opened one would name its folder
    autoencoder.load_state_dict(trained.state_dict())
    kind.export(editor, autoencoder, tokenizer, recipe, options.model or kind.shipped)


def run_evaluation(_recipe: Recipe, options: argparse.Namespace) -> None:
    """Print the tables and write the page of samples."""
    kind = _kind(options)
    report = evaluate(
        options.model or kind.shipped,
        kind,
        num_scenes=options.scenes,
        num_clips=options.clips,
        seed=1000,
        page=options.page,
    )
    print(report)  # noqa: T201


def _kind(options: argparse.Namespace) -> Kind:
    return KINDS[options.kind]


def _tokenizer(options: argparse.Namespace) -> Any:
    return _kind(options).tokenizer.from_pretrained(options.folder / "tokenizer")


def _components(options: argparse.Namespace) -> Components:
    return Components(**load_file(options.folder / COMPONENTS))


def _save_components(components: Components, options: argparse.Namespace) -> None:
    tensors = {"weight": components.weight, "mean": components.mean}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, options.folder / COMPONENTS)


def _decoder_folder(recipe: Recipe, options: argparse.Namespace) -> Path:
    """Of the decoder when it is done."""
    return options.folder / f"decoder_{len(recipe.decoder_steps) - 1}"


_STEPS = {
    "parts": take_parts,
    "autoencoder": make_autoencoder,
    "data": make_data,
    "decoder": make_decoder,
    "train": train,
    "export": make_export,
    "evaluate": run_evaluation,
}


def _parse() -> argparse.Namespace:
    recipe = Recipe()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=_STEPS)
    parser.add_argument("--kind", choices=KINDS, default="unet")
    parser.add_argument("--folder", type=Path, default=Path("runs/embedded"), help="folder of data and checkpoints")
    parser.add_argument("--model", type=Path, help="the exported folder, by default the one in this package")
    parser.add_argument("--num-steps", type=int, help="training steps, by default the recipe's")
    parser.add_argument("--small-steps", type=int, help="of them, on small pictures")
    parser.add_argument("--save-every", type=int, default=500, help="steps between checkpoints")
    parser.add_argument("--num-chunks", type=int, help="chunks of data, by default the recipe's")
    parser.add_argument("--free-resnets", type=int, default=recipe.free_resnets, help="that keep their 3 x 3 kernels")
    parser.add_argument("--weights", type=Path, help="begin with the weights of this exported folder")
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--workers", type=int, default=2, help="processes that make the data")
    parser.add_argument("--text-guidance", type=float, default=recipe.text_guidance)
    parser.add_argument("--image-guidance", type=float, default=recipe.image_guidance)
    parser.add_argument(
        "--scenes", type=int, default=12, help="held-out scenes to evaluate on, and as many photographs"
    )
    parser.add_argument("--clips", type=int, default=4, help="held-out clips on which anchors are compared with none")
    parser.add_argument("--page", type=Path, default=Path("runs/samples.png"), help="the page of samples")
    return parser.parse_args()


if __name__ == "__main__":
    main()
