"""Edits the clips in src/fairy/video/clips with the embedded model, measures, and writes docs/gallery/.

    python scripts/make_gallery.py

Run it again when the model has changed.
"""

import json
import tempfile
from pathlib import Path

import fairy
from fairy.cli.terminal import Terminal
from fairy.lab.gallery import make_gallery
from fairy.lab.metrics import MetricSettings, score_videos

ROOT = Path(__file__).parents[1]
ASSETS, OUTPUT = ROOT / "src" / "fairy" / "video" / "clips", ROOT / "docs" / "gallery"
QUALITY = 23  # small files: the page is part of the repository
EDITS = {
    "demo.mp4": ("turn it into a pencil sketch", "turn the cube into gold", "put a hat on the cube"),
    "hills.mp4": ("make it sunset", "make it look like autumn", "turn it into a mosaic"),
    "sea.mp4": ("make it a watercolor painting", "turn it into a cartoon", "give it a neon look"),
}


def main() -> None:
    """Edit and write."""
    model = fairy.load()
    with tempfile.TemporaryDirectory() as scratch, Terminal() as report:
        for clip, instructions in EDITS.items():
            for instruction in instructions:
                output = Path(scratch, f"{Path(clip).stem}-{instruction.replace(' ', '-')}.mp4")
                video = fairy.VideoConfig(quality=QUALITY)
                fairy.edit_video(ASSETS / clip, instruction, output, model=model, video=video, report=report)
                scores = score_videos(ASSETS / clip, output, MetricSettings(clip="off"))
                output.with_suffix(".json").write_text(json.dumps(scores.as_json()))
        made = make_gallery(
            Path(scratch),
            OUTPUT,
            sources=ASSETS,
            title="What the embedded model makes of three clips",
            overwrite=OUTPUT.exists(),
            report=report,
        )
    size = sum(path.stat().st_size for path in OUTPUT.rglob("*") if path.is_file())
    report.note(f"{made.page}: {made.num_edits} edits, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
