"""Attention as correspondence: blocks against one naive softmax, recorded queries and keys against hooks, geometry."""

import math
from collections import defaultdict

import numpy as np
import pytest
import torch

from fairy.config import EditConfig
from fairy.errors import UsageError
from fairy.lab.tracking.capture import choose_layers, choose_steps, default_layer, observe, self_attention_layers
from fairy.lab.tracking.correspond import TokenGrid, attention_map, attention_rows, correspond, grid_of
from fairy.lab.tracking.show import ask_for
from fairy.method.editor import Editor

CONFIG = EditConfig(num_steps=3, seed=5, text_guidance=3.0, image_guidance=1.5)
INSTRUCTION = "make it night"


def frame(seed=0, height=48, width=64):
    """A smooth random picture, uint8 (H, W, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return coarse.repeat(8, axis=0).repeat(8, axis=1)


def naive(queries, keys, heads):
    """The whole matrix of softmax(Q K^T / sqrt(d)), one head after the other, averaged."""
    size = queries.shape[1] // heads
    maps = [
        torch.softmax(queries[:, part] @ keys[:, part].T / math.sqrt(size), dim=1)
        for part in (slice(head * size, (head + 1) * size) for head in range(heads))
    ]
    return torch.stack(maps).mean(0)


@pytest.fixture(scope="module")
def seen(sd_model):
    """What every layer of the small model computes of two frames, at every step."""
    with observe(sd_model, INSTRUCTION, CONFIG) as observer:
        return [dict(observer.watch(frame(seed))) for seed in (0, 1)]


def test_blocked_attention_is_the_naive_one_on_every_layer_and_step(seen):
    for step, layers in seen[0].items():
        for layer, one in layers.items():
            other = seen[1][step][layer]
            whole = naive(one.queries, other.keys, one.heads)
            torch.testing.assert_close(torch.cat(list(attention_rows(one.queries, other.keys, one.heads))), whole)
            assert torch.equal(correspond(one.queries, other.keys, one.heads, block=5), whole.argmax(1))


@pytest.mark.parametrize("block", [1, 3, 7, 1000])
def test_block_size_does_not_change_the_result(seen, block):
    one, other = (next(iter(clip[1].values())) for clip in seen)
    rows = torch.cat(list(attention_rows(one.queries, other.keys, one.heads, block=block)))
    torch.testing.assert_close(rows, torch.cat(list(attention_rows(one.queries, other.keys, one.heads))))
    assert torch.equal(rows.argmax(1), correspond(one.queries, other.keys, one.heads))


def test_no_block_is_larger_than_asked_for():
    queries, keys = torch.randn(10, 8), torch.randn(6, 8)
    assert [len(rows) for rows in attention_rows(queries, keys, 2, block=4)] == [4, 4, 2]


def test_the_default_block_holds_the_matrix_of_a_large_layer_in_parts():
    queries, keys = torch.zeros(4096, 8), torch.zeros(4096, 8)
    assert len(next(attention_rows(queries, keys, 8))) == 2**23 // (8 * 4096)


def test_heat_of_a_point_is_the_naive_row(sd_model, seen):
    layer = self_attention_layers(sd_model.denoiser)[0]
    with observe(sd_model, INSTRUCTION, CONFIG, layers=[layer], steps=[1]) as observer:
        heat = ask_for(observer, frame(0), (20.0, 9.0)).look_in(frame(1))
    one, other = seen[0][1][layer], seen[1][1][layer]
    row = naive(one.queries, other.keys, one.heads)[1 * 8 + 2]  # 8 pixels a token: row 1, column 2
    np.testing.assert_allclose(heat.weights.ravel(), row, rtol=1e-4)
    assert heat.found == tuple(other.grid.centres[row.argmax()])


@pytest.mark.parametrize("shift", [(0, 0), (2, 1), (-3, 2)])
def test_keys_that_are_a_shifted_copy_give_the_exact_shift(shift):
    grid = TokenGrid(6, 8, 8)
    queries = 20 * torch.nn.functional.normalize(torch.randn(6, 8, 16), dim=-1)
    keys = queries.roll((shift[1], shift[0]), (0, 1))
    found = grid.centres[correspond(queries.flatten(0, 1), keys.flatten(0, 1), 1)]
    moved = grid.centres + np.array(shift) * 8
    assert np.array_equal(found, np.mod(moved, (64, 48)))


@pytest.mark.parametrize("family", ["sd_model", "sdxl_model"])
def test_what_is_recorded_is_what_the_editor_computes(family, request):
    model = request.getfixturevalue(family)
    layers = self_attention_layers(model.denoiser)
    computed = defaultdict(list)
    hooks = [
        getattr(model.denoiser.get_submodule(layer), name).register_forward_hook(
            lambda *passed, key=(layer, name): computed[key].append(passed[2][0])
        )
        for layer in layers
        for name in ("to_q", "to_k")
    ]
    with Editor(model) as editor:
        bank = editor.edit_anchors(frame()[None][:0], INSTRUCTION, CONFIG)
        list(editor.edit_frames([frame(0)], bank))
    for hook in hooks:
        hook.remove()
    with observe(model, INSTRUCTION, CONFIG, size=(64, 48)) as observer:
        seen = dict(observer.watch(frame(0)))
    for step, by_layer in seen.items():
        for layer in layers:
            torch.testing.assert_close(by_layer[layer].queries, computed[layer, "to_q"][step])
            torch.testing.assert_close(by_layer[layer].keys, computed[layer, "to_k"][step])


def test_frames_share_their_noise_unless_told(sd_model):
    for own_noise in (False, True):
        with observe(sd_model, INSTRUCTION, CONFIG, steps=[0], own_noise=own_noise) as observer:
            (first,), (second,) = ([layers for _, layers in observer.watch(frame(), index)] for index in (0, 1))
        assert all(torch.equal(first[layer].keys, second[layer].keys) != own_noise for layer in first)


def test_watching_leaves_the_denoiser_as_it_was(sd_model):
    before = dict(sd_model.denoiser.attn_processors)
    with observe(sd_model, INSTRUCTION, CONFIG):
        assert sd_model.denoiser.attn_processors != before
    assert sd_model.denoiser.attn_processors == before


def test_no_step_is_computed_after_the_last_wanted_one(sd_model):
    calls = []
    hook = sd_model.denoiser.register_forward_hook(lambda *_: calls.append(1))
    with observe(sd_model, INSTRUCTION, CONFIG, steps=[0, 1]) as observer:
        assert [step for step, _ in observer.watch(frame())] == [0, 1]
    hook.remove()
    assert len(calls) == 2


def test_layers_come_in_the_order_of_the_forward_pass(sd_model, seen):
    assert list(seen[0][0]) == self_attention_layers(sd_model.denoiser)


def test_layers_are_chosen_by_number_or_by_a_part_of_their_name():
    layers = ["down_blocks.0.attentions.0.x.attn1", "mid_block.attentions.0.x.attn1"]
    layers += ["up_blocks.1.attentions.0.x.attn1", "up_blocks.1.attentions.1.x.attn1"]
    assert choose_layers(layers, None) == layers
    assert choose_layers(layers, "-1") == layers[3:]
    assert choose_layers(layers, "up_blocks") == layers[2:]
    assert default_layer(layers) == layers[2]


@pytest.mark.parametrize(("wanted", "said"), [("4", "layers 0 to 3"), ("middle", "see fairy lab track layers")])
def test_layers_that_are_not_there(wanted, said):
    with pytest.raises(UsageError, match=said):
        choose_layers(["a", "b", "c", "d"], wanted)


def test_steps_count_from_both_ends():
    assert choose_steps(10, (-1, 0)) == [0, 9]
    with pytest.raises(UsageError, match="steps 0 to 9"):
        choose_steps(10, (10,))


def test_positions_fall_on_their_tokens():
    grid = TokenGrid(3, 4, 8)
    assert grid.tokens_at(np.array([[0.0, 0.0], [7.9, 8.0], [31.9, 23.9], [99.0, -5.0]])).tolist() == [0, 4, 11, 3]
    assert np.array_equal(grid.tokens_at(grid.centres), np.arange(12))


@pytest.mark.parametrize(("num_tokens", "grid"), [(35, (5, 7, 8)), (12, (3, 4, 16)), (4, (2, 2, 32)), (1, (1, 1, 64))])
def test_odd_sides_are_halved_up(num_tokens, grid):
    found = grid_of(num_tokens, (5, 7), 8)
    assert (found.rows, found.columns, found.pitch) == grid


def test_a_point_outside_the_picture_is_refused(sd_model):
    layer = self_attention_layers(sd_model.denoiser)[0]
    with (
        observe(sd_model, INSTRUCTION, CONFIG, layers=[layer], steps=[0]) as observer,
        pytest.raises(UsageError, match="not in the picture of 64x48"),
    ):
        ask_for(observer, frame(), (65.0, 3.0))


def test_attention_map_sums_to_one():
    assert attention_map(torch.randn(8), torch.randn(5, 8), 2).sum() == pytest.approx(1)
