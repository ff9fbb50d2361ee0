"""From file to file: look at the anchors first, then edit the whole clip with the same settings.

python examples/edit_a_clip.py                               # the built-in clip, half a second of it
python examples/edit_a_clip.py clip.mp4 "make it snow" snow.mp4
"""

import sys
from importlib.resources import files
from pathlib import Path

import fairy


def main(
    source: str = str(files("fairy").joinpath("video", "clips", "demo.mp4")),
    instruction: str = "make it night",
    output: str = "night.mp4",
    *,
    video: fairy.VideoConfig | None = None,
) -> None:
    model = fairy.load()  # once, for both; or a folder, or a hub id such as "timbrooks/instruct-pix2pix"
    edit = fairy.EditConfig(seed=3)

    sheet = Path(output).with_suffix(".png")
    fairy.preview(source, instruction, sheet, model=model, edit=edit, video=video, overwrite=True)
    print(f"{sheet}: the anchors, exactly as they will be in the video")

    result = fairy.edit_video(source, instruction, output, model=model, edit=edit, video=video, overwrite=True)
    print(f"{result.output}: {result.num_frames} frames, {result.frames_per_second:.1f} a second")
    print(f"made by: {fairy.info(output)['instruction']}")  # the file itself knows


if __name__ == "__main__":
    main(*sys.argv[1:]) if sys.argv[1:] else main(video=fairy.VideoConfig(end=0.5))
