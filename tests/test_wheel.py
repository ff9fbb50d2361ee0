"""The wheel carries all that an edit needs: it is built, unpacked away from the sources, and edits from there."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command, cwd):
    return subprocess.run([sys.executable, *map(str, command)], cwd=cwd, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_edits_a_clip_with_the_embedded_model(wheel, tmp_path):
    """`-I` shuts out the working folder and PYTHONPATH, and the unpacked wheel comes first: no file of the sources."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "unpacked")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path / "unpacked")!r})
import fairy
from importlib.resources import files
assert fairy.__file__.startswith({str(tmp_path / "unpacked")!r}), fairy.__file__
edit = fairy.EditConfig(num_steps=1)
video = fairy.VideoConfig(long_side=64, end=0.3)
clip = files("fairy") / "video" / "clips" / "demo.mp4"
result = fairy.edit_video(clip, "make it night", "out.mp4", edit=edit, video=video)
print(result.num_frames)
"""
    assert run("-I", "-c", program, cwd=tmp_path).stdout.strip() == "4"


def test_the_wheel_carries_its_licence_and_stays_small(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in names}
    assert wheel.stat().st_size < 30 * 2**20
