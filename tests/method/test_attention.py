"""Self-attention that also reads the anchors, against naive loops over the formula. F frames, K anchors, L tokens."""

import math

import pytest
import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0

from fairy.method.bank import StepReader, StepWriter
from fairy.models.attention import KeysValues, uninstall
from fairy.models.families.instruct_pix2pix import attention

HEADS, CHANNELS, TOKENS, BRANCHES = 2, 8, 5, 3


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return Attention(query_dim=CHANNELS, heads=HEADS, dim_head=CHANNELS // HEADS).eval()


def tokens(count, seed=1):
    return torch.randn(count, TOKENS, CHANNELS, generator=torch.Generator().manual_seed(seed))


def naive(layer, own, others, bias):
    """softmax(Q [K, K_anc]^T / sqrt(d) + bias) [V, V_anc], one head and one query at a time."""
    context = torch.cat([own, *others])
    queries, keys, values = layer.to_q(own), layer.to_k(context), layer.to_v(context)
    size = CHANNELS // HEADS
    mixed = torch.zeros_like(queries)
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        for i, query in enumerate(queries[:, part]):
            logits = keys[:, part] @ query / math.sqrt(size)
            logits[len(own) :] += bias
            mixed[i, part] = torch.softmax(logits, 0) @ values[:, part]
    return layer.to_out[0](mixed)


@torch.no_grad()
def test_without_anchors_it_is_plain_attention(layer):
    x = tokens(4)
    assert torch.equal(attention.SelfAttention("a.attn1")(layer, x), AttnProcessor2_0()(layer, x))


@torch.no_grad()
def test_anchors_attend_to_all_anchors(layer):
    x, writer = tokens(BRANCHES * 2), StepWriter(BRANCHES)
    mixed = attention.SelfAttention("a.attn1")(layer, x, anchors=writer).unflatten(0, (BRANCHES, 2))
    for branch, pair in enumerate(x.unflatten(0, (BRANCHES, 2))):
        for n in range(2):
            # The order of the context does not matter to the softmax: own tokens first, then the other anchor's.
            torch.testing.assert_close(mixed[branch, n], naive(layer, pair[n], [pair[1 - n]], 0.0))


@torch.no_grad()
@pytest.mark.parametrize("strength", [1.0, 0.3])
def test_a_frame_attends_to_itself_and_the_anchors(layer, strength):
    anchors, x, writer = tokens(BRANCHES * 2, seed=2), tokens(BRANCHES * 3), StepWriter(BRANCHES)
    processor = attention.SelfAttention("a.attn1")
    processor(layer, anchors, anchors=writer)
    mixed = processor(layer, x, anchors=StepReader(writer.layers, strength)).unflatten(0, (BRANCHES, 3))
    for branch in range(BRANCHES):
        others = list(anchors.unflatten(0, (BRANCHES, 2))[branch])
        for n in range(3):
            own = x.unflatten(0, (BRANCHES, 3))[branch, n]
            torch.testing.assert_close(mixed[branch, n], naive(layer, own, others, math.log(strength)))


@torch.no_grad()
def test_the_instruction_is_read_as_if_it_were_projected_each_time(sd_model):
    former = attention.install(sd_model.denoiser)
    embeds = torch.randn(2, 7, sd_model.denoiser.config.cross_attention_dim)
    inputs = torch.randn(2 * 3, 8, 4, 4), torch.tensor(5.0), embeds.repeat_interleave(3, 0)
    text = attention.read_text(sd_model.denoiser, embeds)
    plain = sd_model.denoiser(*inputs).sample
    once = sd_model.denoiser(*inputs, cross_attention_kwargs={"text": text}).sample
    uninstall(sd_model.denoiser, former)
    assert text.keys() == {name.removesuffix(".processor") for name in former if name.endswith("attn2.processor")}
    torch.testing.assert_close(once, plain)


@torch.no_grad()
def test_anchors_of_vanishing_strength_change_nothing(layer):
    x, writer = tokens(BRANCHES), StepWriter(BRANCHES)
    processor = attention.SelfAttention("a.attn1")
    processor(layer, tokens(BRANCHES, seed=2), anchors=writer)
    torch.testing.assert_close(processor(layer, x, anchors=StepReader(writer.layers, 1e-30)), processor(layer, x))


def test_the_bank_keeps_branches_apart_and_anchors_joined(layer):
    writer = StepWriter(BRANCHES)
    with torch.no_grad():
        attention.SelfAttention("a.attn1")(layer, tokens(BRANCHES * 2), anchors=writer)
    assert isinstance(writer.layers["a.attn1"], KeysValues)
    assert writer.layers["a.attn1"].keys.shape == (BRANCHES, 2 * TOKENS, CHANNELS)


def test_removing_the_processors_leaves_the_denoiser_as_it_was(sd_model):
    before = dict(sd_model.denoiser.attn_processors)
    former = attention.install(sd_model.denoiser)
    assert sd_model.denoiser.attn_processors != before
    uninstall(sd_model.denoiser, former)
    assert sd_model.denoiser.attn_processors == before


def test_installing_twice_is_undone_by_uninstalling_twice(sd_model):
    before = dict(sd_model.denoiser.attn_processors)
    outer, inner = attention.install(sd_model.denoiser), attention.install(sd_model.denoiser)
    uninstall(sd_model.denoiser, inner)
    assert all(type(p).__module__ == attention.__name__ for p in sd_model.denoiser.attn_processors.values())
    uninstall(sd_model.denoiser, outer)
    assert sd_model.denoiser.attn_processors == before
