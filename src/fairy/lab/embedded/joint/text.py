"""Tokenizer and text encoder of the classes that FLUX.2 klein uses, at the size of the synthetic world's language."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import pre_tokenizers
from transformers import Qwen2TokenizerFast, Qwen3Config, Qwen3ForCausalLM

from fairy.lab.embedded.recipe import Recipe
from fairy.lab.embedded.tokenizer import learn_merges

PADDING = "<|endoftext|>"
CHAT = "{{ messages[-1].content | lower | trim }}"
"""The instruction itself, in the lower case that it was learned in: a small model needs no roles."""


def train_tokenizer(instructions: Sequence[str], recipe: Recipe) -> Qwen2TokenizerFast:
    """Learn the merges. Every byte is a token, so no text is ever unknown."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    marks = {PADDING: 0}
    stock = Qwen2TokenizerFast(vocab=_number([PADDING, *alphabet]), merges=[])
    merges = learn_merges(instructions, stock, recipe.vocabulary - len(marks))
    vocabulary = _number([PADDING, *alphabet, *("".join(merge) for merge in merges)])
    tokenizer = Qwen2TokenizerFast(
        vocab=vocabulary, merges=merges, model_max_length=recipe.text_length, padding_side="right"
    )
    tokenizer.chat_template = CHAT
    return tokenizer


def build_text_encoder(tokenizer: Qwen2TokenizerFast, recipe: Recipe) -> Qwen3ForCausalLM:
    """Fresh weights of torch's current seed."""
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=recipe.text_width,
        intermediate_size=2 * recipe.text_width,
        num_hidden_layers=recipe.text_layers,
        num_attention_heads=recipe.text_heads,
        num_key_value_heads=recipe.text_heads,
        head_dim=recipe.text_width // recipe.text_heads,
        max_position_embeddings=4 * recipe.text_length,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return Qwen3ForCausalLM(config)


def _number(tokens: Sequence[str]) -> dict[str, int]:
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}
