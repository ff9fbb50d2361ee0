"""The nodes in a real ComfyUI, through its HTTP API."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from server import ROOT, ComfyUI, Graph, Refused, message
from workflows import read_workflow

import fairy
from conftest import SMALL, frames_of, sound_of, times_of
from fairy.method.anchors import choose_anchors
from fairy.pictures.scale import scaled, shrunk

NODES = ("FairyLoadModel", "FairyEditAnchors", "FairyEditFrames", "FairyEditVideo")
LOAD, CLIP = ("FairyLoadModel", {}), ("LoadVideo", {"file": "demo.mp4"})
ByCommand = Callable[..., Path]


def edit_video(comfy: ComfyUI, **inputs: Any) -> Graph:
    """Load a model and the clip, edit it."""
    return comfy.graph(LOAD, CLIP, ("FairyEditVideo", {"model": (1, 0), "video": (2, 0), **SMALL, **inputs}))


def edit_images(comfy: ComfyUI, *others: tuple[str, dict[str, Any]], **frames: Any) -> Graph:
    """The clip as images, through anchors (4) and frames (5), and what comes after."""
    return comfy.graph(
        LOAD,
        CLIP,
        ("GetVideoComponents", {"video": (2, 0)}),
        ("FairyEditAnchors", {"model": (1, 0), "images": (3, 0), **SMALL, "seed": 3}),
        ("FairyEditFrames", {"bank": (4, 0), "images": (3, 0), **frames}),
        *others,
    )


def saved(comfy: ComfyUI, entry: dict[str, Any], node: int) -> np.ndarray:
    """The pictures that SaveImage has written: uint8 (F, H, W, 3)."""
    files = [comfy.base / each["type"] / each["filename"] for each in entry["outputs"][str(node)]["images"]]
    return np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])


@pytest.mark.parametrize("node", NODES)
def test_a_node_is_listed_and_every_widget_explains_itself(comfy: ComfyUI, node: str) -> None:
    known = comfy.ask("/object_info")[node]
    inputs = {**known["input"]["required"], **known["input"].get("optional", {})}
    assert known["category"] == "fairy"
    widgets = {name: about[0] for name, (_, *about) in inputs.items() if about and "default" in about[0]}
    assert [name for name, options in widgets.items() if not options.get("tooltip")] == []


def test_the_file_node_gives_the_pixels_times_and_sound_of_the_command(comfy: ComfyUI, by_command: ByCommand) -> None:
    entry = comfy.run(edit_video(comfy, seed=3, filename_prefix="plain/clip"))
    edited, expected = comfy.file_of(entry, 3), by_command("--seed", "3")
    assert edited.parent == comfy.base / "output" / "plain"
    assert np.array_equal(frames_of(edited), frames_of(expected))
    assert times_of(edited) == times_of(expected)
    assert np.array_equal(sound_of(edited), sound_of(expected))


def test_masks_and_anchors_from_the_graph_do_what_the_command_does_with_files(
    comfy: ComfyUI, by_command: ByCommand, tmp_path: Path
) -> None:
    mask = np.zeros((144, 192, 3), np.uint8)
    mask[:, 96:] = 255
    anchor = np.full((144, 192, 3), (20, 40, 160), np.uint8)
    for name, picture in (("mask.png", mask), ("anchor.png", anchor)):
        Image.fromarray(picture).save(tmp_path / name)
        Image.fromarray(picture).save(comfy.base / "input" / name)
    entry = comfy.run(
        comfy.graph(
            LOAD,
            CLIP,
            ("LoadImage", {"image": "mask.png"}),
            ("ImageToMask", {"image": (3, 0), "channel": "red"}),
            ("LoadImage", {"image": "anchor.png"}),
            (
                "FairyEditVideo",
                {"model": (1, 0), "video": (2, 0), **SMALL}
                | {"mask": (4, 0), "edited_anchors": (5, 0), "anchor_frames": "12", "end": 1.5},
            ),
        )
    )
    expected = by_command("--mask", "mask.png", "--anchors", "12", "--anchor", "12=anchor.png", "--end", "1.5")
    assert np.array_equal(frames_of(comfy.file_of(entry, 6)), frames_of(expected))


def test_anchors_and_frames_give_the_pixels_of_the_editor(comfy: ComfyUI, clip: Path) -> None:
    entry = comfy.run(edit_images(comfy, ("SaveImage", {"images": (5, 0)}), ("SaveImage", {"images": (4, 1)})))
    sources = frames_of(clip)
    small = np.stack([shrunk(source, (48, 64)) for source in sources])
    places = choose_anchors(len(small), 3)
    with fairy.Editor(fairy.load()) as editor:
        bank = editor.edit_anchors(small[list(places)], "make it night", fairy.EditConfig(num_steps=2, seed=3))
        edits = list(editor.edit_frames(small, bank))
    for place, edited in zip(places, bank.frames, strict=True):
        edits[place] = edited
    expected = [scaled(edit, source, "carry") for edit, source in zip(edits, sources, strict=True)]
    assert np.array_equal(saved(comfy, entry, 7), bank.frames)
    assert np.array_equal(saved(comfy, entry, 6), expected)


def test_the_graph_of_images_makes_a_video_with_sound(comfy: ComfyUI) -> None:
    ends = ("CreateVideo", {"images": (5, 0), "fps": (3, 2), "audio": (3, 1)}), ("SaveVideo", {"video": (6, 0)})
    made = comfy.file_of(comfy.run(edit_images(comfy, *ends)), 7)
    assert frames_of(made).shape == (24, 144, 192, 3)
    assert sound_of(made).any()


def test_a_black_mask_leaves_the_images_as_they_were(comfy: ComfyUI, clip: Path) -> None:
    black = ("SolidMask", {"value": 0.0, "width": 192, "height": 144}), ("SaveImage", {"images": (5, 0)})
    entry = comfy.run(edit_images(comfy, *black, mask=(6, 0)))
    assert np.array_equal(saved(comfy, entry, 7), frames_of(clip))


def test_anchors_of_another_editor_stay_as_it_made_them(comfy: ComfyUI, clip: Path) -> None:
    graph = comfy.graph(
        LOAD,
        CLIP,
        ("GetVideoComponents", {"video": (2, 0)}),
        ("ImageFromBatch", {"image": (3, 0), "batch_index": 0, "length": 2}),
        ("ImageInvert", {"image": (4, 0)}),
        (
            "FairyEditAnchors",
            {"model": (1, 0), "images": (3, 0), "edited_anchors": (5, 0), "anchor_frames": "0 1", **SMALL},
        ),
        ("SaveImage", {"images": (6, 1)}),
    )
    inverted = [shrunk(255 - source, (48, 64)) for source in frames_of(clip)[:2]]
    assert np.abs(saved(comfy, comfy.run(graph), 7).astype(int) - inverted).max() <= 1  # ComfyUI's own rounding


@pytest.mark.parametrize(
    ("way", "shape"), [("trim", (12, 144, 192, 3)), ("crop", (24, 64, 96, 3)), ("shorten", (12, 144, 192, 3))]
)
def test_what_was_done_to_the_video_in_the_graph_counts(comfy: ComfyUI, way: str, shape: tuple[int, ...]) -> None:
    graph = comfy.graph(
        LOAD,
        CLIP,
        ("TestChange", {"video": (2, 0), "way": way}),
        ("FairyEditVideo", {"model": (1, 0), "video": (3, 0), **SMALL}),
    )
    assert frames_of(comfy.file_of(comfy.run(graph), 4)).shape == shape


def test_a_trimmed_video_is_the_part_of_the_file_with_its_sound(comfy: ComfyUI, by_command: ByCommand) -> None:
    graph = comfy.graph(
        LOAD,
        CLIP,
        ("TestChange", {"video": (2, 0), "way": "trim"}),
        ("FairyEditVideo", {"model": (1, 0), "video": (3, 0), **SMALL}),
    )
    edited, expected = comfy.file_of(comfy.run(graph), 4), by_command("--start", "0.5", "--end", "1.5")
    assert np.array_equal(frames_of(edited), frames_of(expected))
    assert np.array_equal(sound_of(edited), sound_of(expected))


def test_a_video_that_is_in_memory_is_edited_too(comfy: ComfyUI) -> None:
    graph = comfy.graph(
        LOAD,
        CLIP,
        ("GetVideoComponents", {"video": (2, 0)}),
        ("CreateVideo", {"images": (3, 0), "fps": 12.0, "audio": (3, 1)}),
        ("FairyEditVideo", {"model": (1, 0), "video": (4, 0), **SMALL}),
    )
    made = comfy.file_of(comfy.run(graph), 5)
    assert len(frames_of(made)) == 24
    assert sound_of(made).any()


def write_clip(path: Path, count: int, size: tuple[int, int]) -> None:
    """A gradient that moves."""
    columns = np.arange(size[0])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height = size
        for index in range(count):
            row = np.stack([(columns + index) % 256, (columns * 2) % 256, np.full(size[0], index % 256)], axis=-1)
            picture = np.ascontiguousarray(np.broadcast_to(row.astype(np.uint8), (size[1], size[0], 3)))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))


def interrupt_at(comfy: ComfyUI, pattern: str, ticket: str) -> dict[str, Any]:
    """Press Interrupt as soon as a file of this pattern is there; what came of the run."""
    deadline = time.monotonic() + 120
    while not list(comfy.base.glob(pattern)):
        assert time.monotonic() < deadline, "the run came to no finished chunk"
        time.sleep(0.02)
    comfy.ask("/interrupt", {})
    return comfy.wait(ticket)


def test_after_interrupt_queue_goes_on_and_ends_with_the_same_pixels(comfy: ComfyUI) -> None:
    write_clip(comfy.base / "input" / "long.mp4", 96, (96, 64))
    graph = edit_video(comfy, num_steps=2, filename_prefix="stopped/clip")
    graph["2"]["inputs"]["file"] = "long.mp4"
    entry = interrupt_at(comfy, "output/stopped/*.fairy/chunks/*-*.mkv", comfy.queue(graph))
    kinds = [kind for kind, _ in entry["status"]["messages"]]
    assert "execution_interrupted" in kinds
    assert not list(comfy.base.glob("output/stopped/*.mp4"))
    again = comfy.file_of(comfy.run(graph), 3)
    assert "of 3 chunks are done" in comfy.log
    graph["3"]["inputs"]["filename_prefix"] = "straight/clip"
    straight = comfy.file_of(comfy.run(graph), 3)
    assert straight.name == again.name
    assert np.array_equal(frames_of(again), frames_of(straight))


def test_memory_does_not_grow_with_the_video(comfy: ComfyUI) -> None:
    """1,080 more frames of 320x240 are 250 MB as bytes, and a GB as an IMAGE."""
    peaks = []
    for count in (120, 1200):
        write_clip(comfy.base / "input" / f"{count}.mp4", count, (320, 240))
        graph = edit_video(comfy, num_steps=1, num_anchors=1, long_side=32, detail="off", shots="off")
        graph["2"]["inputs"]["file"] = f"{count}.mp4"
        comfy.forget_peak()
        assert len(times_of(comfy.file_of(comfy.run(graph), 3))) == count
        peaks.append(comfy.peak_mebibytes)
    assert peaks[1] - peaks[0] < 40, f"{peaks[0]:.0f} MiB for 120 frames, {peaks[1]:.0f} MiB for 1,200"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"instruction": "  "}, "the instruction is empty; say what to change"),
        ({"anchor_frames": "99"}, "anchor_frames 99: the selected range has frames 0 to 23"),
        ({"anchor_frames": "first"}, "anchor_frames first: must be frames, counted from 0"),
        ({"start": 5.0}, "no frame lies in the range from 5 s"),
        ({"quality": 60}, "quality 60"),
        ({"size": "wide"}, "size wide: must be source, model"),
    ],
)
def test_a_wrong_wish_is_told_in_one_line_on_the_node(comfy: ComfyUI, wrong: dict[str, Any], told: str) -> None:
    entry = comfy.wait(comfy.queue(edit_video(comfy, **wrong)))
    assert entry["status"]["status_str"] == "error"
    assert message(entry).startswith(told)
    assert "\n" not in message(entry)


def test_what_lies_out_of_a_range_is_refused_before_anything_runs(comfy: ComfyUI) -> None:
    with pytest.raises(Refused, match=r"value_bigger_than_max.*num_anchors"):
        comfy.queue(edit_video(comfy, num_anchors=65))


def test_what_was_made_already_is_not_made_again(comfy: ComfyUI) -> None:
    graph = edit_video(comfy, seed=11)
    first = comfy.file_of(comfy.run(graph), 3)
    graph["3"]["inputs"]["filename_prefix"] = "video/../video/fairy"  # the same place, by a way that no cache knows
    written = first.stat().st_mtime_ns
    assert comfy.file_of(comfy.run(graph), 3) == first
    assert first.stat().st_mtime_ns == written


@pytest.mark.parametrize("name", ["edit_video", "anchors_then_frames"])
def test_an_example_workflow_makes_a_video_with_sound(comfy: ComfyUI, name: str) -> None:
    graph = read_workflow(comfy, ROOT / "comfyui" / "example_workflows" / f"{name}.json")
    (last,) = (number for number, node in graph.items() if node["class_type"] in ("FairyEditVideo", "SaveVideo"))
    for node in graph.values():  # what a workflow leaves to the model takes its time
        node["inputs"] |= {key: value for key, value in SMALL.items() if key in node["inputs"]}
    made = comfy.file_of(comfy.run(graph), int(last))
    assert frames_of(made).shape == (24, 144, 192, 3)
    assert sound_of(made).any()
