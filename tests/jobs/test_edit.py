"""Jobs: a video on disk in, an edited video on disk out."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import make, sound_packets, stamps
from fairy.config import EditConfig, JobConfig, MaskConfig, RunConfig, VideoConfig
from fairy.errors import MediaError, OutputError, UsageError
from fairy.jobs.calls import edit_video, preview
from fairy.method.editor import Editor
from fairy.models import load
from fairy.video import probe, read_frames
from jobs import Listener

INSTRUCTION = "make it night"
EDIT = EditConfig(num_steps=2, seed=3)
SMALL = VideoConfig(long_side=64)


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """12 frames of 64x48 at 25 a second with AAC sound."""
    return make(tmp_path_factory.mktemp("clips") / "source.mp4", num_frames=12, audio=("aac",))


def pictures(folder):
    return np.stack([np.asarray(Image.open(path)) for path in sorted(Path(folder).glob("*.png"))])


def edit(source, output, model, **options):
    return edit_video(source, INSTRUCTION, output, **{"edit": EDIT, "video": SMALL, "model": model} | options)


def test_an_edited_video_has_the_frames_and_time_stamps_of_its_source(source, sd_model, tmp_path):
    result = edit(source, tmp_path / "out.mp4", sd_model)
    assert result.num_frames == len(stamps(tmp_path / "out.mp4")) == 12
    assert stamps(tmp_path / "out.mp4") == stamps(source)


def test_an_edited_video_has_the_sound_of_its_source(source, sd_model, tmp_path):
    edit(source, tmp_path / "out.mp4", sd_model)
    assert sound_packets(tmp_path / "out.mp4") == sound_packets(source)


def test_every_frame_is_the_editors_own(source, sd_model, tmp_path):
    """The job adds nothing: anchors from the anchors' pass, every other frame from the frames' pass, all in place."""
    result = edit(source, f"{tmp_path}/out/", sd_model)
    frames = np.stack([frame.image for frame in read_frames(probe(source), size=(64, 48))])
    with Editor(sd_model) as editor:
        bank = editor.edit_anchors(frames[list(result.anchors)], INSTRUCTION, EDIT)
        expected = np.stack(list(editor.edit_frames(frames, bank)))
    expected[list(result.anchors)] = bank.frames
    assert np.array_equal(pictures(tmp_path / "out"), expected)


def test_a_preview_shows_the_frames_of_the_later_edit(source, sd_model, tmp_path):
    shown = preview(source, INSTRUCTION, tmp_path / "sheet.png", edit=EDIT, video=SMALL, model=sd_model)
    edited = pictures_after(edit(source, f"{tmp_path}/out/", sd_model))
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    windows = np.lib.stride_tricks.sliding_window_view(sheet, (1, 64, 3))[:, :, 0]
    for index in shown.anchors:
        assert (windows == edited[index][:1]).all(axis=(2, 3, 4)).any()


def pictures_after(result):
    return pictures(result.output)


@pytest.mark.parametrize("batch_size", [1, 5])
def test_batch_size_does_not_change_a_bit(source, sd_model, tmp_path, batch_size):
    edit(source, f"{tmp_path}/a/", sd_model)
    edit(source, f"{tmp_path}/b/", sd_model, run=RunConfig(batch_size=batch_size))
    assert np.array_equal(pictures(tmp_path / "a"), pictures(tmp_path / "b"))


def test_two_runs_write_the_same_bytes(source, sd_model, tmp_path):
    for name in ("a.mp4", "b.mp4"):
        edit(source, tmp_path / name, sd_model)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_without_anchors_every_frame_is_edited_alone(source, sd_model, tmp_path):
    whole = edit(source, f"{tmp_path}/a/", sd_model, edit=EditConfig(num_steps=2, num_anchors=0))
    assert whole.anchors == ()
    assert len(pictures(tmp_path / "a")) == 12


def test_a_range_is_edited_by_time(source, sd_model, tmp_path):
    video = VideoConfig(long_side=64, start=0.12, end=0.32)
    result = edit(source, f"{tmp_path}/out/", sd_model, video=video)
    assert (result.num_frames, result.anchors) == (5, (3, 5, 7))


def test_a_comparison_is_twice_as_wide(source, sd_model, tmp_path):
    edit(source, tmp_path / "out.mp4", sd_model, compare=tmp_path / "compare.mp4")
    compared = probe(tmp_path / "compare.mp4")
    assert compared.width >= 128
    assert len(compared) == 12


def test_a_folder_of_pictures_is_edited_too(sd_model, tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(3):
        Image.new("RGB", (30, 20), (80 * i, 20, 20)).save(tmp_path / "in" / f"{i}.png")
    assert edit(tmp_path / "in", f"{tmp_path}/out/", sd_model).num_frames == 3


def test_one_picture_has_itself_as_its_only_anchor(sd_model, tmp_path):
    Image.new("RGB", (30, 20), (90, 20, 20)).save(tmp_path / "still.png")
    assert edit(tmp_path / "still.png", f"{tmp_path}/out/", sd_model).anchors == (0,)


def test_more_anchors_than_frames_are_refused_before_a_model_is_loaded(source, tmp_path):
    with pytest.raises(UsageError, match="the selected range has 12 frames"):
        edit(source, tmp_path / "out.mp4", None, edit=EditConfig(num_anchors=13))


def test_an_existing_output_is_kept(source, sd_model, tmp_path):
    (tmp_path / "out.mp4").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists"):
        edit(source, tmp_path / "out.mp4", sd_model)
    assert (tmp_path / "out.mp4").read_bytes() == b"mine"


def test_the_comparison_may_not_be_the_output(source, sd_model, tmp_path):
    with pytest.raises(UsageError, match="another name"):
        edit(source, tmp_path / "out.mp4", sd_model, compare=tmp_path / "out.mp4")


def test_a_range_without_frames_is_refused(source, sd_model, tmp_path):
    with pytest.raises(UsageError, match=r"lasts 0\.480 s"):
        edit(source, tmp_path / "out.mp4", sd_model, video=VideoConfig(start=9))


def test_text_with_a_video_name_is_refused_and_leaves_nothing(sd_model, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(MediaError):
        edit(tmp_path / "text.mp4", tmp_path / "out.mp4", sd_model)
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]


def test_a_failure_in_the_middle_leaves_nothing(source, sd_model, tmp_path):
    class Failing:
        def note(self, line):
            pass

        def progress(self, stage, done, _):
            if (stage, done) == ("frames", 4):
                raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        edit(source, tmp_path / "out.mp4", sd_model, report=Failing())
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def own(source, tmp_path):
    """A source that may be lost."""
    return Path(shutil.copyfile(source, tmp_path / "own.mp4"))


@pytest.mark.parametrize("how", ["name", "spelling", "link", "hard link", "compare"])
def test_an_output_that_is_the_source_is_refused_whatever_was_asked(own, sd_model, how):
    before, name = own.read_bytes(), own.with_name("other.mp4")
    if how == "link":
        name.symlink_to(own)
    elif how == "hard link":
        name.hardlink_to(own)
    output = {"name": own, "spelling": own.parent / ".." / own.parent.name / own.name}.get(how, name)
    options = {"compare": own} if how == "compare" else {}
    with pytest.raises(UsageError, match="is the source itself, which would be lost"):
        edit(own, output, sd_model, overwrite=True, **options)
    assert own.read_bytes() == before


def test_an_output_that_is_the_mask_or_a_given_anchor_is_refused(source, sd_model, tmp_path):
    picture = tmp_path / "white.png"
    Image.new("RGB", (64, 48), "white").save(picture)
    for options in ({"mask": MaskConfig(mask=picture)}, {"job": JobConfig(given={0: picture})}):
        with pytest.raises(UsageError, match="itself, which would be lost"):
            preview(source, INSTRUCTION, picture, model=sd_model, overwrite=True, **options)


@pytest.fixture
def narrow(copied_folder):
    """A model that knows three words."""
    (copied_folder / "fairy.json").write_text('{"words": "make it night", "edits": ["make it night"]}')
    return load(copied_folder, device="cpu")


def test_unknown_words_are_said_before_the_start_and_told_in_the_account(source, narrow, tmp_path):
    report = Listener()
    result = edit_video(
        source, "make it noon", tmp_path / "out.mp4", edit=EDIT, video=SMALL, model=narrow, report=report
    )
    (said,) = [note for note in report.notes if "does not know" in note]
    assert said in result.notes
    assert '"noon"' in said
    assert said.endswith('"make it night"')


def test_a_strict_job_refuses_unknown_words_and_leaves_nothing(source, narrow, tmp_path):
    options = {"edit": EDIT, "video": SMALL, "model": narrow, "job": JobConfig(strict=True)}
    with pytest.raises(UsageError, match=r'--strict: .*does not know "noon"'):
        edit_video(source, "make it noon", tmp_path / "out.mp4", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
