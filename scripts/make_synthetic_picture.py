"""Draws docs/images/synthetic.png: a frame of the synthetic world, an edit of it, and the truth eight frames on; and
docs/images/looks.jpg: every edit of the whole picture.

python scripts/make_synthetic_picture.py
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from fairy.disk.whole import save_png
from fairy.lab.synthetic import EDITS, Flow, Tracks, draw_queries, flow_between, follow, object_mask, sample_scene
from fairy.lab.synthetic.pairs import all_wordings, choose_for_clip, to_pixels
from fairy.lab.synthetic.raster import colour, from_hsv
from fairy.pictures.sheet import caption, tile

IMAGES = Path(__file__).parents[1] / "docs" / "images"
OUTPUT = IMAGES / "synthetic.png"
LOOKS, LOOKS_SEED, LOOKS_SIZE = IMAGES / "looks.jpg", 12, (256, 192)
SEED, SIZE, AHEAD, EDIT = 266, (288, 216), 8, "wood"
FULL_COLOUR = 24.0  # pixels


def main() -> None:
    """Draw and save."""
    scene = sample_scene(SEED, SIZE, num_objects=3)
    layers = scene.render(0.0)
    frame = to_pixels(layers.picture)
    choice = choose_for_clip(scene, EDIT, SEED)
    instruction = all_wordings(scene, EDITS[EDIT], choice, "heldout")[0]
    flow = flow_between(scene, 0, AHEAD)
    tracks = follow(scene, draw_queries(scene, 1, 24, np.random.default_rng(1)), AHEAD + 1)
    pictures = {
        "frame 0": frame,
        instruction: to_pixels(EDITS[EDIT].apply(layers, choice)),
        "object masks": paint_mask(object_mask(scene, 0)),
        f"flow to frame {AHEAD}: hue is direction": paint_flow(flow),
        f"black: hidden or outside in frame {AHEAD}": paint_occlusion(frame, flow),
        f"tracks to frame {AHEAD}; red: hidden there": draw_tracks(frame, tracks),
    }
    IMAGES.mkdir(exist_ok=True)
    save_png(OUTPUT, tile(caption(list(pictures.values()), list(pictures)), num_columns=3))
    looks = draw_looks()
    Image.fromarray(tile(caption(list(looks.values()), list(looks)), num_columns=6)).save(LOOKS, quality=88)


def draw_looks() -> dict[str, np.ndarray]:
    """A frame and every edit of the whole picture, by name."""
    scene = sample_scene(LOOKS_SEED, LOOKS_SIZE, num_objects=2)
    layers = scene.render(0.0)
    edited = {
        name: edit.apply(layers, choose_for_clip(scene, name, LOOKS_SEED))
        for name, edit in EDITS.items()
        if edit.kind == "whole"
    }
    return {"frame": to_pixels(layers.picture), **{name: to_pixels(picture) for name, picture in edited.items()}}


def paint_mask(mask: np.ndarray) -> np.ndarray:
    """A colour for each surface, the world's black."""
    colours = np.stack([colour(0, 0, 0.1), *(colour(hue, 0.6, 0.95) for hue in (0.05, 0.3, 0.58))])
    return to_pixels(colours[mask])


def paint_flow(flow: Flow) -> np.ndarray:
    """Hue is the direction, saturation the distance."""
    x, y = flow.vectors[..., 0], flow.vectors[..., 1]
    distance = np.clip(np.hypot(x, y) / FULL_COLOUR, 0, 1)
    return to_pixels(from_hsv(np.arctan2(y, x) / np.float32(2 * np.pi), distance, np.ones_like(x)))


def paint_occlusion(frame: np.ndarray, flow: Flow) -> np.ndarray:
    """The frame, pale, with black where a pixel's surface is not seen in the other frame."""
    pale = (frame // 3 + 168).astype(np.uint8)
    pale[flow.occluded] = 0
    return pale


def draw_tracks(frame: np.ndarray, tracks: Tracks) -> np.ndarray:
    """The frame with a line and an end point for each track."""
    image = Image.fromarray((frame // 2 + 100).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for path, occluded in zip(tracks.tracks, tracks.occluded, strict=True):
        points = [tuple(float(value) for value in point) for point in path]
        x, y = points[-1]
        ink = (210, 20, 20) if occluded[-1] else (20, 60, 160)
        draw.line(points, fill=ink, width=2)
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=ink)
    return np.asarray(image)


if __name__ == "__main__":
    main()
