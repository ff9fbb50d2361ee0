"""Memory: the rehearsal on the meta device against the same passes with numbers, and what is said of it."""

from pathlib import Path

import pytest
import torch

from fairy.config import EditConfig
from fairy.method.bank import StepReader, StepWriter
from fairy.method.editor import Editor
from fairy.method.memory import MemoryNeeded, bytes_of, weights_of
from fairy.method.rehearsal import count_operations, measure_live_bytes, rehearse, shadow
from fairy.models import Model, load

SIZE = (24, 32)


def really(model: Model, num_anchors: int, micro_batch: int) -> tuple[int, int, int]:
    """Bytes of the bank, of the anchors' pass and of a micro-batch's, of tensors that are there."""
    family, settings = model.family, EditConfig().resolved(model.defaults)
    branches = family.branches(model, settings, 0)
    writer = StepWriter(len(branches))
    told = family.read(model, "", *SIZE)

    def one(count: int, anchors: StepWriter | StepReader) -> None:
        seen = family.look(model, torch.zeros(count, 3, *SIZE), told)
        latents = torch.zeros(count, *family.latent_shape(model, *SIZE))
        inputs = family.inputs(model, told, seen, branches, settings)
        family.predict(model, latents, inputs, torch.zeros(()), anchors)
        family.decode(model, latents)

    together = measure_live_bytes(lambda: one(num_anchors, writer))
    bank = sum(tensor.nbytes for entry in writer.layers.values() for tensor in entry)
    return bank, together, measure_live_bytes(lambda: one(micro_batch, StepReader(writer.layers, 1.0)))


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kind", ["sd_model", "sdxl_model", "klein_model", "kontext_model"])
def test_a_rehearsal_takes_the_bytes_of_the_passes(kind: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    with Editor(model) as editor, torch.inference_mode():
        settings = editor.settle(EditConfig())
        found = rehearse(editor.shadow, SIZE, 2, 1, settings)
        bank, together, alone = really(model, 2, 1)
    assert found.bank == bank
    # Kernels of the CPU keep the sums of attention's rows, too.
    assert (found.anchors, found.frames) == pytest.approx((together, alone), rel=0.02)


def test_a_text_encoder_that_sees_is_rehearsed_by_its_shapes(qwen_model: Model) -> None:
    with Editor(qwen_model) as editor:
        bank = editor.edit_anchors(torch.zeros(2, *SIZE, 3, dtype=torch.uint8).numpy(), "x", EditConfig(num_steps=1))
        assert editor.memory_needed(SIZE, 2, EditConfig(num_steps=1)).bank == bank.num_bytes


def test_a_shadow_has_no_numbers_and_leaves_the_model_its_own(sd_folder: Path) -> None:
    model = load(sd_folder, device="cpu")
    before = {name: weight.clone() for name, weight in model.denoiser.state_dict().items()}
    assert {weight.device.type for weight in shadow(model).denoiser.state_dict().values()} == {"meta"}
    assert all(torch.equal(weight, before[name]) for name, weight in model.denoiser.state_dict().items())


def test_weights_are_counted_where_they_are(klein_model: Model) -> None:
    assert weights_of(klein_model) == (sum(map(bytes_of, klein_model.parts)), 0)


def test_what_is_needed_is_said_part_by_part() -> None:
    needed = MemoryNeeded(libraries=2**20, weights=2**21, bank=0, work=2**20)
    assert str(needed) == "4.0 MiB (libraries 1.0 MiB, weights 2.0 MiB, work 1.0 MiB)"


def test_operations_of_anchors_are_those_of_the_formula(klein_model: Model) -> None:
    """Of 3 layers and 2 steps: two products over 3 * 48 tokens for each of 48, of 32 channels, 2 a multiply-add."""
    with Editor(klein_model) as editor:
        settings = editor.settle(EditConfig(num_steps=2))
        alone, reading = (count_operations(editor.shadow, SIZE, number, settings)[1] for number in (0, 3))
    assert reading - alone == 3 * 2 * 2 * 2 * 48 * (3 * 48) * 32
