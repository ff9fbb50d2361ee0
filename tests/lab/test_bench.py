"""The benchmark: its peers are what they are called, its counts are right, its limits are told."""

import numpy as np
import pytest
import torch

from fairy.cli.main import main
from fairy.config import EMBEDDED, EditConfig
from fairy.errors import UsageError
from fairy.lab.bench.clips import moving_gradient
from fairy.lab.bench.editor_cases import EDITOR_CASES, Setup, operations_of_a_frame
from fairy.lab.bench.methods import INSTRUCTION, EditorVariant, edit_shot, open_methods
from fairy.lab.bench.peers import CHUNK, cross_frame_processors, num_across_frames, open_peer
from fairy.lab.bench.profiling import profile_micro_batch
from fairy.lab.bench.settings import SD15, BenchSettings
from fairy.lab.bench.sidebyside import compare_methods
from fairy.lab.bench.timing import EditorHere, Floor, measure_floor, take_turns
from fairy.method.editor import Editor

STEPS = 2
FLOOR = Floor(flops=1e9, bytes_per_second=1e9, side=1, copied_bytes=1)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def frames():
    return moving_gradient(CHUNK + 1, 32, 32)


@pytest.fixture(scope="module")
def peer(sd_model):
    return open_peer(sd_model, INSTRUCTION, STEPS)


def distance(first, second):
    """The largest difference in levels of 255."""
    return np.abs(first.astype(int) - second).max()


def test_diffusers_in_batches_gives_what_it_gives_frame_by_frame(peer, frames):
    assert distance(peer.edit(frames[:5], 1), peer.edit(frames[:5], 2)) <= 1


def test_without_anchors_ours_gives_what_diffusers_gives(peer, frames, sd_model):
    with Editor(sd_model) as editor:
        ours = edit_shot(editor, frames[:3], EditConfig(num_steps=STEPS, num_anchors=0))
    assert distance(ours, peer.edit(frames[:3], 1)) <= 1


@pytest.mark.parametrize("words", ["", ", fused attention"])
def test_across_frames_each_reads_the_first_one(peer, frames, words):
    still = np.stack([frames[0]] * len(frames))  # so that the first one is as good as one's own
    edited = peer.edit_across_frames(still, cross_frame_processors()[words])
    assert distance(edited, peer.edit(still[:1], 1)) <= 1


def test_across_frames_a_frame_depends_on_the_first_one(peer, frames):
    processor = cross_frame_processors()[""]
    swapped = np.concatenate([frames[4:5], frames[1:]])
    edited = [peer.edit_across_frames(clip, processor)[-1] for clip in (frames, swapped)]
    assert distance(*edited) > 1
    assert num_across_frames(len(frames)) == len(frames) + 2


def test_methods_leave_the_peer_as_it_was(peer, frames):
    before = peer.edit(frames[:1], 1)
    peer.edit_across_frames(frames[:2], cross_frame_processors()[""])
    assert np.array_equal(peer.edit(frames[:1], 1), before)


def test_the_editor_here_computes_the_same_bits(sd_model, frames):
    config = EditConfig(num_steps=STEPS, num_anchors=2)
    with Editor(sd_model) as editor, EditorHere(sd_model) as here:
        assert np.array_equal(edit_shot(editor, frames[:4], config), edit_shot(here, frames[:4], config))


def test_anchors_add_operations_by_the_tokens_they_add(sd_model, frames):
    """K anchors add K * L keys to L own ones: 4 * K * L * L * C for each layer, branch and step; all else stays."""
    config, counts = EditConfig(num_steps=STEPS), []
    with Editor(sd_model) as editor:
        for number in (0, 2):
            bank = editor.edit_anchors(frames[:number], INSTRUCTION, config)
            counts.append(operations_of_a_frame(sd_model, frames[0], bank))
        added = sum(4 * x.keys.shape[0] * x.keys.shape[1] ** 2 // 2 * x.keys.shape[2] for x in bank.steps[0].values())
    assert counts[1] - counts[0] == STEPS * added


def test_every_method_has_a_row_with_its_numbers(sd_folder):
    from functools import partial

    from fairy.models import load

    settings = BenchSettings(models=(str(sd_folder),), num_frames=3, size=(32, 32), num_steps=1, repeats=1)
    (plan,) = settings.plans("cpu")
    load_here = partial(load, sd_folder, device="cpu")
    rows = compare_methods(load_here, plan, settings, FLOOR, CPU, on_progress=lambda *_: None)
    assert {"fairy, K = 0", "fairy, K = 3", "diffusers, frame by frame", "Text2Video-Zero"} <= {r.method for r in rows}
    assert all(row.frames_per_second > 0 and row.operations > 1e6 and not row.failure for row in rows)
    assert all(row.times_floor == pytest.approx(row.seconds * 1e9 / row.operations) for row in rows)


def test_a_variant_for_other_devices_is_left_out(sd_model):
    variants = (EditorVariant("elsewhere", devices=("cuda",)),)
    with open_methods(lambda: sd_model, num_steps=1, num_anchors=[0], variants=[EditorVariant(), *variants]) as methods:
        assert not [method.name for method in methods if "elsewhere" in method.name]


def test_methods_are_chosen_by_parts_of_their_names(sd_model):
    wanted = ("K = 1", "frame by frame")
    with open_methods(
        lambda: sd_model, num_steps=1, num_anchors=[0, 1], variants=[EditorVariant()], wanted=wanted
    ) as methods:
        assert [method.name for method in methods] == ["fairy, K = 1", "diffusers, frame by frame"]


def test_a_method_that_fails_is_told_and_the_others_go_on():
    def fails():
        raise RuntimeError("out of memory\nand more")

    runs = [(fails, fails), (list, list)]
    timings = take_turns(runs, repeats=2, device=CPU, on_progress=lambda *_: None)
    assert timings[0].failure == "RuntimeError: out of memory"
    assert len(timings[1].seconds) == 2


def test_the_floor_is_what_the_machine_reaches():
    floor = measure_floor(CPU, torch.float32, side=64, copied_bytes=2**16)
    assert floor.seconds(floor.flops) == 1
    assert floor.bytes_per_second > 1e6


def test_every_case_of_the_editor_is_measured(sd_model):
    with Editor(sd_model) as editor:
        clip = moving_gradient(4, 48, 64)
        setup = Setup(editor, clip, EditConfig(num_steps=1), repeats=1, clips=(3,))
        measures = [measure(setup) for measure in EDITOR_CASES.values()]
    assert [measure.case for measure in measures] == list(EDITOR_CASES)
    assert all(measure.value > 0 for measure in measures)


def test_the_profile_accounts_for_all_of_the_time(sd_model):
    parts = profile_micro_batch(sd_model, "sd", (32, 32), 2, 1)
    assert sum(part.share for part in parts) == pytest.approx(1)
    kinds = {"linear layers", "convolutions", "normalisation", "VAE encode", "VAE decode", "copies in self-attention"}
    assert kinds <= {part.kind for part in parts}
    assert "text" not in {part.kind for part in parts}  # it is encoded once, with the anchors


def test_a_gpu_gets_the_large_model_and_a_cpu_the_embedded_one():
    gpu, cpu = BenchSettings().plans("cuda"), BenchSettings().plans("cpu")
    assert (gpu[0].num_frames, gpu[0].size) == (120, (512, 384))
    assert [plan.model for plan in gpu] == [SD15, EMBEDDED]
    assert [plan.model for plan in cpu] == [EMBEDDED]


def test_sdxl_is_refused_beside_peers(sdxl_model):
    with pytest.raises(UsageError, match=r"SD-1\.5 family"):
        open_peer(sdxl_model, INSTRUCTION, STEPS)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--size", "60x64"], "--size 60x64: both sides must be multiples of 8"),
        (["--size", "large"], "--size large: must be width and height"),
        (["--num-frames", "0"], "--num-frames 0: must lie in"),
        (["--num-frames", "2"], "--num-anchors 3: there are 2 frames"),
        (["--num-anchors", "many"], "--num-anchors many: must be whole numbers"),
        (["--cases", "speed"], "--cases speed: unknown"),
        (["--models", ""], "--models: name at least one"),
        (["--methods", "a,a"], "--methods: name at least one, and none twice"),
        (["--repeats", "0"], "--repeats 0: must lie in"),
        (["--dtype", "int8"], "--dtype int8: unknown"),
        (["--device", "cuda:99"], "--device cuda:99: this machine has"),
    ],
)
def test_wrong_words_are_refused_in_one_line(words, complaint, capsys, tmp_path):
    assert main(["lab", "bench", "-o", str(tmp_path), *words]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
