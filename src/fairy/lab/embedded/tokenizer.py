"""The embedded model's tokenizer: byte-level BPE learned from the training instructions, in CLIP's format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, PreTrainedTokenizerBase

from fairy.lab.embedded.recipe import Recipe

START, END = "<|startoftext|>", "<|endoftext|>"


def train_tokenizer(instructions: Sequence[str], recipe: Recipe) -> CLIPTokenizer:
    """Learn the merges. Every byte is a token, alone and at a word's end, so no text is ever unknown."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    # 2 and the alphabet are added below
    merges = learn_merges(instructions, CLIPTokenizer(), recipe.vocabulary - 2 - len(alphabet), end_of_word="</w>")
    tokens = [*alphabet, *(letter + "</w>" for letter in alphabet), *dict.fromkeys("".join(merge) for merge in merges)]
    vocabulary = {token: index for index, token in enumerate([*dict.fromkeys(tokens), START, END])}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=recipe.text_length)


def learn_merges(
    instructions: Sequence[str], stock: PreTrainedTokenizerBase, vocabulary: int, *, end_of_word: str = ""
) -> list[tuple[str, str]]:
    """The pairs of tokens that become one, in turn, for a tokenizer that takes text apart as `stock` does."""
    suffix: dict[str, Any] = {"end_of_word_suffix": end_of_word} if end_of_word else {}
    learner = Tokenizer(models.BPE(**suffix))
    learner.normalizer, learner.pre_tokenizer = (
        stock.backend_tokenizer.normalizer,
        stock.backend_tokenizer.pre_tokenizer,
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
        **suffix,
    )
    learner.train_from_iterator(sorted(set(instructions)), trainer)
    return [(first, second) for first, second in json.loads(learner.to_str())["model"]["merges"]]


def save_tokenizer(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write the folder. Transformers 5 writes tokenizer.json only; older ones and other tools read the two others."""
    tokenizer.save_pretrained(folder)
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(merge) for merge in model["merges"])]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def build_text_encoder(tokenizer: CLIPTokenizer, recipe: Recipe) -> CLIPTextModel:
    """A small CLIP text model with fresh weights of torch's current seed."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.text_width,
        intermediate_size=4 * recipe.text_width,
        num_hidden_layers=recipe.text_layers,
        num_attention_heads=recipe.text_heads,
        max_position_embeddings=recipe.text_length,
        projection_dim=recipe.text_width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)
