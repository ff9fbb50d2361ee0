"""Renders src/fairy/video/clips/demo.mp4, which `fairy demo` edits: a scene of the synthetic world, and four notes.

    python scripts/make_demo_clip.py

The scene's seed lies far beyond those of the training data.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from fairy.lab.synthetic import render_clip

OUTPUT = Path(__file__).parents[1] / "src" / "fairy" / "video" / "clips" / "demo.mp4"
SEED, NUM_FRAMES, SIZE, RATE = 987_654_015, 24, (640, 480), 12
NOTES_HZ, SAMPLE_RATE = (261.63, 329.63, 392.00, 523.25), 48_000


def main() -> None:
    """Write the clip."""
    with av.open(str(OUTPUT), "w", options={"fflags": "+bitexact"}) as container:
        picture = container.add_stream("libx264", rate=RATE, options={"crf": "16", "threads": "1", "preset": "slow"})
        picture.width, picture.height, picture.pix_fmt = *SIZE, "yuv420p"
        context = picture.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1
        sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        container.metadata["title"] = "A scene of Fairy's synthetic world"
        for index, image in enumerate(render_clip(SEED, NUM_FRAMES, SIZE)):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        tone = av.AudioFrame.from_ndarray(melody(NUM_FRAMES / RATE), "fltp", "stereo")
        tone.sample_rate, tone.pts, tone.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
        container.mux(sound.encode(tone))
        container.mux(sound.encode(None))


def melody(seconds: float) -> np.ndarray:
    """Decaying notes one after the other, float32 (2, samples)."""
    count = int(seconds * SAMPLE_RATE) // len(NOTES_HZ)
    time = np.arange(count) / SAMPLE_RATE
    notes = [0.3 * np.sin(2 * np.pi * hertz * time) * np.exp(-5 * time) for hertz in NOTES_HZ]
    return np.stack([np.concatenate(notes)] * 2).astype(np.float32)


if __name__ == "__main__":
    main()
