"""What one training sample is made of: noise, dropped conditions, weights, and whose number decides what."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from fairy.errors import UsageError
from fairy.lab.training.batches import Share, load_batches
from fairy.lab.training.examples import Latent, draw_conditions, draw_timestep, make_example, size_of_step, weigh
from fairy.lab.training.settings import TrainConfig
from fairy.lab.training.sources import Synthetic, Triple

LATENT = Latent(channels=4, multiple=8)
SMALL = TrainConfig(size="40x32", steps=2, batch=4)


def noise_triple() -> Triple:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 36, 45, 3), np.uint8)
    return Triple(pictures[0], "make it night", pictures[1])


def test_switching_equivariance_off_changes_the_pixels_alone() -> None:
    plain = TrainConfig(size="40x32", equivariant=False)
    first, second = (make_example(noise_triple(), 5, (40, 32), config, LATENT) for config in (SMALL, plain))
    assert not torch.equal(first.source, second.source)
    assert torch.equal(first.noise, second.noise)
    assert (first.timestep, first.instruction, first.keeps_image) == (
        second.timestep,
        second.instruction,
        second.keeps_image,
    )


def test_conditions_are_dropped_as_often_as_asked() -> None:
    config = TrainConfig(drop_text=0.1, drop_image=0.2, drop_both=0.3)
    kept = [draw_conditions(chance, config) for chance in np.linspace(0, 1, 1000, endpoint=False)]
    counts = [kept.count(case) for case in ((False, True), (True, False), (False, False), (True, True))]
    assert np.allclose(counts, [100, 200, 300, 400], atol=2)


def test_timesteps_are_even_without_bias_and_higher_with_it() -> None:
    uniform = np.linspace(0, 1, 1000, endpoint=False)
    assert sorted(draw_timestep(u, 1.0) for u in uniform) == pytest.approx(range(1000), abs=1)
    assert np.mean([draw_timestep(u, 1.6) for u in uniform]) == pytest.approx(1000 - 1000 / 2.6, abs=2)


def test_changed_places_weigh_more_and_the_mean_is_one() -> None:
    source = torch.zeros((3, 16, 32), dtype=torch.uint8)
    edited = source.clone()
    edited[:, :8, :8] = 100
    weight = weigh(source, edited, 8, changed_weight=9.0)
    assert torch.allclose(weight[0, 0, 0] / weight[0, 1, 1], torch.tensor(9.0))
    assert weight.mean() == pytest.approx(1.0)
    assert torch.equal(weigh(source, edited, 8, 1.0), torch.ones(1, 2, 4))


def test_the_samples_of_a_step_do_not_depend_on_the_number_of_processes() -> None:
    alone = next(load_batches(Synthetic(0, 2), SMALL, LATENT, Share(0, 1), 1))
    half = TrainConfig(size="40x32", steps=2, batch=2)
    parts = [next(load_batches(Synthetic(0, 2), half, LATENT, Share(process, 2), 1)) for process in (0, 1)]
    assert torch.equal(alone.edited, torch.cat([part.edited for part in parts]))
    assert torch.equal(alone.noise, torch.cat([part.noise for part in parts]))


def test_accumulated_passes_are_the_same_samples_as_one() -> None:
    whole = next(load_batches(Synthetic(0, 2), SMALL, LATENT, Share(0, 1), 0))
    config = TrainConfig(size="40x32", steps=2, batch=2, accumulation=2)
    parts = load_batches(Synthetic(0, 2), config, LATENT, Share(0, 1), 0)
    assert torch.equal(whole.source, torch.cat([next(parts).source, next(parts).source]))


def test_workers_prepare_what_the_process_itself_would() -> None:
    config = TrainConfig(size="40x32", steps=2, batch=2, workers=1)
    here, beside = (
        list(load_batches(Synthetic(0, 2), TrainConfig(**settings), LATENT, Share(0, 1), 0))
        for settings in ({**vars(config), "workers": 0}, vars(config))
    )
    assert len(here) == len(beside) == 2
    for field in fields(here[1]):
        one, other = getattr(here[1], field.name), getattr(beside[1], field.name)
        assert one == other if isinstance(one, list) else torch.equal(one, other)


def test_a_step_has_one_size_and_all_sizes_come_up() -> None:
    config = TrainConfig(size="40x32,32x40")
    assert {size_of_step(config, step) for step in range(20)} == {(40, 32), (32, 40)}


def test_held_out_pairs_use_wordings_never_trained_on() -> None:
    from fairy.lab.synthetic import all_instructions

    source = Synthetic(0, 3)
    held_out = {source.held_out(number, (48, 32)).instruction for number in range(3)}
    assert held_out <= set(all_instructions("heldout"))
    assert source.triple(0, (48, 32)).instruction in all_instructions("train")


def test_the_learning_rate_rises_and_falls_along_a_cosine() -> None:
    config = TrainConfig(steps=110, warmup_steps=10, learning_rate=1e-3)
    rates = [config.learning_rate_at(step) for step in (0, 9, 10, 60, 110)]
    assert rates == pytest.approx([1e-4, 1e-3, 1e-3, 5e-4, 0.0])


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"size": "192"}, "--size 192: must be width and height of 8 pixels or more"),
        ({"size": "192x144,0x8"}, "--size 192x144,0x8: must be width and height"),
        ({"batch": 0}, "--batch 0: must lie in 1..65536"),
        ({"mixed_precision": "fp8"}, "--mixed-precision fp8: must be one of no, fp16, bf16"),
        ({"drop_text": 0.5, "drop_both": 0.6}, "together they must be 1 at most"),
        ({"learning_rate": float("nan")}, "--learning-rate nan: must lie in 0..1"),
        ({"data": " "}, "--data is empty; give a name"),
    ],
)
def test_wrong_settings_are_told_in_one_line(settings: dict, line: str) -> None:
    with pytest.raises(UsageError) as told:
        TrainConfig(**settings)
    assert line in str(told.value)


def test_an_instruction_that_is_dropped_is_empty() -> None:
    config = TrainConfig(size="40x32", drop_text=1.0, drop_image=0.0, drop_both=0.0)
    example = make_example(noise_triple(), 0, (40, 32), config, LATENT)
    assert (example.instruction, example.keeps_image) == ("", True)
