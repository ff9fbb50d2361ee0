"""The CLIP metrics against a reference written out by hand, on a small random CLIP."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from transformers import CLIPModel, CLIPTokenizer

from fairy.errors import ModelError
from fairy.lab.metrics import MetricSettings, Scores, load_tools, score
from fairy.lab.metrics.clip import load_clip
from fairy.lab.synthetic import edit_clip, render_clip
from motions import pan, texture
from tiny_clip import SIZE, build_clip_folder, processor

SOURCE_PROMPT, TARGET_PROMPT = "a house by day", "a house at night"
NUM_FRAMES = 18  # more than a batch


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No network, and nothing in the hub's cache."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_clip_folder(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def clips() -> tuple[list[np.ndarray], list[np.ndarray]]:
    return list(render_clip(3, NUM_FRAMES, (64, 48))), list(edit_clip(3, "neon", NUM_FRAMES, (64, 48)))


@pytest.fixture(scope="module")
def scores(folder: Path, clips: tuple[list[np.ndarray], list[np.ndarray]]) -> Scores:
    settings = MetricSettings(clip=str(folder), source_prompt=SOURCE_PROMPT, target_prompt=TARGET_PROMPT)
    return score(*clips, settings)


def unit(rows: torch.Tensor) -> np.ndarray:
    return (rows / rows.norm(dim=-1, keepdim=True)).numpy()


@pytest.fixture(scope="module")
def reference(folder: Path, clips: tuple[list[np.ndarray], list[np.ndarray]]) -> dict[str, np.ndarray]:
    """Embeddings frame by frame, text by text, with transformers alone."""
    model, tokenizer = CLIPModel.from_pretrained(folder).eval(), CLIPTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        pictures = [
            torch.cat(
                [model.get_image_features(**processor()(frame, return_tensors="pt")).pooler_output for frame in clip]
            )
            for clip in clips
        ]
        texts = [
            model.get_text_features(**tokenizer(text, return_tensors="pt")).pooler_output
            for text in (SOURCE_PROMPT, TARGET_PROMPT)
        ]
    names = ("source", "edited", "source_text", "target_text")
    return dict(zip(names, map(unit, [*pictures, *texts]), strict=True))


def test_tem_con_is_the_mean_cosine_of_successive_frames(scores: Scores, reference: dict[str, np.ndarray]) -> None:
    for key, name in (("tem_con", "edited"), ("tem_con_source", "source")):
        assert scores[key] == pytest.approx(np.mean([a @ b for a, b in pairwise(reference[name])]), abs=1e-5)


def test_frame_acc_is_the_share_of_frames_nearer_to_the_target(
    scores: Scores, reference: dict[str, np.ndarray]
) -> None:
    target, source = (reference["edited"] @ reference[name][0] for name in ("target_text", "source_text"))
    assert scores["frame_acc"] == np.mean(target > source)
    assert scores["clip_text"] == pytest.approx(target.mean(), abs=1e-5)


def test_direction_is_that_from_picture_to_picture_along_text_to_text(
    scores: Scores, reference: dict[str, np.ndarray]
) -> None:
    of_text = (reference["target_text"] - reference["source_text"])[0]
    moves = reference["edited"] - reference["source"]
    cosines = [move @ of_text / np.linalg.norm(move) / np.linalg.norm(of_text) for move in moves]
    assert scores["clip_direction"] == pytest.approx(np.mean(cosines), abs=1e-4)
    assert scores["clip_image"] == pytest.approx((reference["source"] * reference["edited"]).sum(1).mean(), abs=1e-5)


def test_pickscore_is_the_scaled_cosine_to_the_target(
    folder: Path, clips: tuple[list[np.ndarray], list[np.ndarray]], reference: dict[str, np.ndarray]
) -> None:
    found = score(*clips, MetricSettings(clip="off", pickscore=str(folder), instruction=TARGET_PROMPT))
    scale = float(CLIPModel.from_pretrained(folder).logit_scale.detach().exp())
    assert found["pickscore"] == pytest.approx(
        scale * (reference["edited"] @ reference["target_text"][0]).mean(), rel=1e-4
    )


def test_without_its_own_words_on_pictures_a_model_gets_them_at_its_size(tmp_path: Path) -> None:
    whole, bare = (build_clip_folder(tmp_path / name) for name in ("whole", "bare"))
    (bare / "preprocessor_config.json").unlink()
    prepared = [load_clip(folder).prepare(texture(64, 48)) for folder in (whole, bare)]
    assert prepared[0].shape == (3, SIZE, SIZE)
    assert torch.equal(*prepared)


def test_frozen_video_has_the_best_tem_con(folder: Path) -> None:
    found = score(pan(3), [pan()[0]] * 3, MetricSettings(clip=str(folder)))
    assert found["tem_con"] == pytest.approx(1, abs=1e-6)
    assert found["tem_con_source"] < 1


def test_unedited_video_has_no_direction(folder: Path) -> None:
    settings = MetricSettings(clip=str(folder), source_prompt="a house", target_prompt="a ball")
    found = score(pan(2), pan(2), settings)
    assert found["clip_direction"] is None
    assert found["clip_image"] == pytest.approx(1, abs=1e-6)


def test_without_prompts_tem_con_is_still_measured(folder: Path) -> None:
    found = score(pan(2), pan(2), MetricSettings(clip=str(folder)))
    assert found["tem_con"] is not None
    assert found["frame_acc"] is None
    assert any("they need a target prompt" in note for note in found.notes)


def test_without_a_clip_on_this_machine_the_rest_is_measured() -> None:
    found = score(pan(2), pan(2), MetricSettings())
    assert found["tem_con"] is None
    assert found["warp_error"] is not None
    assert found.notes[0].startswith("the CLIP metrics are left out: openai/clip-vit-large-patch14 is not on this")


def test_clip_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no/such-model is not on this machine"):
        load_tools(MetricSettings(clip="no/such-model"))
    with pytest.raises(ModelError, match="neither a folder nor a hub id"):
        load_tools(MetricSettings(clip="a folder of mine"))
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        load_tools(MetricSettings(clip=str(tmp_path)))


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    folder = build_clip_folder(tmp_path / "clip")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="holds no safetensors"):
        load_tools(MetricSettings(clip=str(folder)))


def test_another_kind_of_model_is_refused() -> None:
    import fairy

    folder = Path(fairy.__file__).parent / "models" / "embedded" / "text_encoder"
    with pytest.raises(ModelError, match="of the kind 'clip_text_model'; needed is a CLIP"):
        load_tools(MetricSettings(clip=str(folder)))
