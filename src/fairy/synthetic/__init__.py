"""A synthetic world: procedural scenes with camera and object motion, and exact edits of them by instruction."""

from fairy.synthetic.choice import Choice
from fairy.synthetic.edits import EDITS, Edit, all_instructions
from fairy.synthetic.pairs import Pair, edit_clip, render_clip, sample_pair
from fairy.synthetic.photographs import photographs
from fairy.synthetic.scenes import Layers, Scene, sample_scene

__all__ = [
    "EDITS",
    "Choice",
    "Edit",
    "Layers",
    "Pair",
    "Scene",
    "all_instructions",
    "edit_clip",
    "photographs",
    "render_clip",
    "sample_pair",
    "sample_scene",
]
