"""More mistakes over all commands, besides those with files: the right exit code, one line, and nothing changed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from clips import make
from fairy.cli.main import main
from fairy.disk.hashes import hash_file

TINY = ["--model", "tiny", "--num-steps", "1", "--long-side", "64"]
NEW = ["edit", "clip.mp4", "make it night", "-o", "new.mp4", *TINY]
SHEET = ["preview", "clip.mp4", "make it night", "-o", "new.png", *TINY]
TRACK = ["lab", "track", "heat", "clip.mp4", "-o", "new.png"]
STUDY = ["lab", "study", "build", "-o", "study"]
WRONG, WORLD = 2, 1
"""Exit codes: how it is used, or what is there."""

ROWS = [
    # What is read, and what is not there.
    (["edit", "cut.mp4", "night", "-o", "new.mp4"], WORLD, "cut.mp4"),
    (["edit", "make it night", "clip.mp4", "-o", "new.mp4"], WORLD, "make it night does not exist"),
    (["edit", "ü „x“ 'y'.mp4", "night", "-o", "new.mp4"], WORLD, "ü „x“ 'y'.mp4 does not exist"),
    (["edit", "uneven", "night", "-o", "new.mp4", *TINY], WORLD, "same size"),
    # What is written.
    ([*NEW[:3], "-o", "clip.mp4", "--overwrite", *TINY], WRONG, "clip.mp4 is the source itself"),
    ([*NEW[:3], "-o", "./../w/clip.mp4", "--overwrite", *TINY], WRONG, "is the source itself"),
    ([*NEW, "--compare", "clip.mp4", "--overwrite"], WRONG, "clip.mp4 is the source itself"),
    (["preview", "frames", "night", "-o", "frames/000001.png", "--overwrite", *TINY], WRONG, "is the source itself"),
    ([*NEW[:3], "-o", "there.mp4", *TINY], WORLD, "--overwrite"),
    ([*NEW[:3], "-o", "frames", *TINY], WORLD, "frames"),
    ([*NEW[:3], "-o", "text.mp4/new.mp4", *TINY], WORLD, "text.mp4"),
    ([*NEW, "--codec", "mpeg9"], WRONG, "mpeg9"),
    ([*SHEET[:3], "-o", "new.mp4"], WORLD, ".png"),
    # Values.
    ([*NEW, "--size", "12"], WRONG, "--size 12"),
    ([*NEW, "--long-side", "8"], WRONG, "--long-side 8"),
    ([*NEW, "--long-side", "99999"], WRONG, "--long-side 99999"),
    ([*NEW, "--seed", "9" * 30], WRONG, "--seed 999"),
    ([*NEW, "--quality", "64"], WRONG, "--quality 64"),
    ([*NEW, "--feather", "-1"], WRONG, "--feather -1"),
    ([*NEW, "--anchor-strength", "11"], WRONG, "--anchor-strength 11"),
    ([*NEW, "--anchor-strength", "inf"], WRONG, "--anchor-strength inf"),
    ([*NEW, "--micro-batch", "0"], WRONG, "--micro-batch 0"),
    ([*NEW, "--batch-size", "-3"], WRONG, "--batch-size -3"),
    ([*NEW, "--chunk", "0"], WRONG, "--chunk 0"),
    ([*NEW, "--start", "nan"], WRONG, "--start nan"),
    ([*NEW, "--num-anchors", "7"], WRONG, "--num-anchors 7"),
    ([*NEW, "--num-anchors", "65"], WRONG, "--num-anchors 65"),
    ([*NEW, "--anchor", "1=mask.png", "--anchor", "1=white.png"], WRONG, "frame 1 has mask.png already"),
    ([*NEW, "--anchor", "1=no.png"], WORLD, "no.png"),
    ([*NEW, "--anchor", "1=text.png"], WORLD, "text.png"),
    ([*NEW, "--anchor", "1=square.png"], WRONG, "square.png"),
    ([*NEW, "--device", "cuda:99"], WRONG, "--device cuda:99"),
    ([*NEW, "--lora", "no.safetensors"], WORLD, "no.safetensors"),
    ([*NEW, "--lora", "text.safetensors"], WORLD, "text.safetensors"),
    ([*NEW, "--decoder", "nothing"], WORLD, "nothing"),
    ([*NEW[:5], "--model", "nothing"], WORLD, "model_index.json"),
    ([*NEW[:5], "--model", "torn"], WORLD, "torn"),
    ([*NEW[:5], "--model", "clip.mp4"], WORLD, "clip.mp4"),
    ([*SHEET, "--num-anchors", "0"], WRONG, "--num-anchors 0"),
    ([*SHEET, "--grid", "seed"], WRONG, "seed"),
    ([*SHEET, "--grid", "colour=1,2"], WRONG, "colour"),
    ([*SHEET, "--grid", "seed=1,x"], WRONG, "seed"),
    ([*SHEET, "--grid", "seed=1", "text-guidance=2", "num-steps=1"], WRONG, "grid"),
    # Many videos.
    (["edit", "no.csv", "-o", "many"], WRONG, "no.csv does not exist"),
    (["edit", "empty.csv", "-o", "many"], WRONG, "empty.csv"),
    (["edit", "lone.csv", "-o", "many"], WRONG, "there is no instruction"),
    (["edit", "column.csv", "night", "-o", "many"], WRONG, "there is no video"),
    (["edit", "out.csv", "night", "-o", "many"], WRONG, "../x.mp4"),
    (["edit", "lone.csv", "night", "-o", ".", "--overwrite", *TINY], WRONG, "clip.mp4 is the source itself"),
    (["edit", "swap.csv", "night", "-o", ".", "--overwrite", *TINY], WRONG, "clip.mp4 is the source itself"),
    (["edit", "results.jsonl", "night", "-o", ".", "--overwrite", *TINY], WRONG, "results.jsonl is the account"),
    (["edit", "lone.csv", "night", "-o", "text.mp4"], WORLD, "text.mp4"),
    (["edit", "lone.csv", "night", "-o", "many", "--compare", "c.mp4"], WRONG, "--compare is for one video"),
    (["edit", "lone.csv", "night", "-o", "many", "--anchor", "0=mask.png"], WRONG, "--anchor is for one video"),
    # What was written before.
    (["redo", "clip.mp4"], WRONG, "--frames"),
    (["info", "text.png"], WORLD, "text.png"),
    (["info", "nothing"], WORLD, "without PNGs"),
    (["ui", "--port", "99999"], WRONG, "99999"),
    (["ui", "--host", "0.0.0.0"], WRONG, "--auth"),
    (["ui", "--auth", "me"], WRONG, "--auth"),
    (["ui", "--auth", "me:no.txt"], WRONG, "no.txt"),
    # The lab.
    (["lab", "eval", "clip.mp4"], WRONG, "EDITED"),
    (["lab", "eval", "--table", "no.csv"], WRONG, "no.csv"),
    (["lab", "eval", "clip.mp4", "clip.mp4", "--clip", "nothing"], WORLD, "nothing"),
    (["lab", "bench", "--num-anchors", "x"], WRONG, "x"),
    (["lab", "bench", "--cases", "magic"], WRONG, "magic"),
    (["lab", "ablate", "no.csv", "-o", "new"], WRONG, "no.csv"),
    (["lab", "truth", "--clips", "0", "-o", "new", "--work", "work"], WRONG, "0"),
    ([*TRACK, "--point", "9"], WRONG, "--point 9"),
    ([*TRACK, "--point", "999,2", "--model", "tiny"], WRONG, "999"),
    ([*TRACK, "--point", "1,2", "--frame", "99", "--model", "tiny"], WRONG, "99"),
    (["lab", "track", "accuracy", "-o", "new"], WRONG, "--synthetic"),
    (["lab", "synth", "-o", "new", "--clips", "1", "--edits", "magic"], WRONG, "magic"),
    (["lab", "synth", "-o", "new", "--clips", "1", "--size", "8"], WRONG, "--size 8"),
    (
        [*STUDY, "--source", "no", "--a", "no", "--b", "other", "--instructions", "lone.csv"],
        WRONG,
        "there is no instruction",
    ),
    (["lab", "study", "report", "nothing"], WRONG, "nothing"),
    (["train", "-o", "run", "--steps", "0"], WRONG, "--steps 0"),
    (["train", "-o", "run", "--model", "nothing"], WORLD, "nothing"),
]


@pytest.fixture(scope="module")
def workplace(sd_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the rows name."""
    place = tmp_path_factory.mktemp("place") / "w"
    place.mkdir()
    clip = make(place / "clip.mp4", num_frames=6)
    (place / "soft.mp4").symlink_to(clip)
    (place / "hard.mp4").hardlink_to(clip)
    (place / "cut.mp4").write_bytes(clip.read_bytes()[:500])
    for name in ("empty.mp4", "there.mp4", "empty.csv"):
        (place / name).touch()
    texts = {
        **dict.fromkeys(("text.mp4", "text.png", "text.safetensors"), "This is no medium."),
        "words.txt": "here\nand there\n",
        "lone.csv": "video\nclip.mp4\n",
        "gone.csv": "video\ngone.mp4\n",
        "column.csv": "vidoe\nclip.mp4\n",
        "out.csv": "video,output\nclip.mp4,../x.mp4\n",
        "swap.csv": "video,output\nclip.mp4,other.mp4\nthere.mp4,clip.mp4\n",
        "torn.jsonl": '{"video": "clip.mp4"',
        "results.jsonl": '{"video": "clip.mp4", "output": "new.mp4"}\n',
    }
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")
    for folder in ("nothing", "frames", "uneven"):
        (place / folder).mkdir()
    for name in ("mask.png", "white.png", "frames/000000.png", "frames/000001.png", "uneven/0.png"):
        Image.new("RGB", (64, 48), "white").save(place / name)
    for name in ("square.png", "uneven/1.png"):
        Image.new("RGB", (48, 48), "white").save(place / name)
    (place / "tiny").symlink_to(sd_folder)
    shutil.copytree(sd_folder, place / "torn")
    (place / "torn" / "model_index.json").write_text("{")
    return place


@pytest.fixture(autouse=True)
def within(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In that folder, where nothing may change."""
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    before = contents(workplace)
    yield
    assert contents(workplace) == before


def contents(folder: Path) -> dict[Path, str]:
    """Every file and folder, with the hash of what is in it."""
    return {path: hash_file(path) if path.is_file() else "" for path in folder.rglob("*")}


@pytest.mark.parametrize(("words", "code", "line"), ROWS, ids=[" ".join(words) for words, _, _ in ROWS])
def test_a_mistake_is_told_in_a_line_and_changes_nothing(
    words: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str]
):
    given = main(words)
    printed = capsys.readouterr()
    (said,) = [each for each in printed.err.splitlines() if each.startswith("fairy: ")]
    assert given == code, said
    assert line in said
    assert "Traceback" not in printed.err
    assert "an error in Fairy" not in said
    assert len(said) < 500
    assert printed.out == ""
