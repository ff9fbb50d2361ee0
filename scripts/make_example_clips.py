"""Renders the further clips of `fairy ui`, src/fairy/video/clips/{hills,sea}.mp4: scenes of the synthetic world.

    python scripts/make_example_clips.py

The scenes' seeds lie far beyond those of the training data. Neither has sound, and one is upright.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from fairy.lab.synthetic import render_clip

ASSETS = Path(__file__).parents[1] / "src" / "fairy" / "video" / "clips"
CLIPS = {"hills.mp4": (987_654_112, (640, 480)), "sea.mp4": (987_654_209, (480, 640))}
NUM_FRAMES, RATE = 24, 12


def main() -> None:
    """Write the clips."""
    for name, (seed, size) in CLIPS.items():
        with av.open(str(ASSETS / name), "w", options={"fflags": "+bitexact"}) as container:
            options = {"crf": "18", "threads": "1", "preset": "slow"}
            picture = container.add_stream("libx264", rate=RATE, options=options)
            picture.width, picture.height, picture.pix_fmt = *size, "yuv420p"
            context = picture.codec_context
            context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
            context.color_range = 1
            container.metadata["title"] = "A scene of Fairy's synthetic world"
            for index, image in enumerate(render_clip(seed, NUM_FRAMES, size)):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
                frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
                frame.pts, frame.time_base = index, Fraction(1, RATE)
                container.mux(picture.encode(frame))
            container.mux(picture.encode(None))


if __name__ == "__main__":
    main()
