"""A synthetic world: procedural scenes with camera and object motion, and exact edits of them by instruction."""

from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.edits import EDITS, Edit, all_instructions
from fairy.lab.synthetic.pairs import Pair, edit_clip, edited_scene, render_clip, sample_pair
from fairy.lab.synthetic.photographs import Photograph, catalogue, photographs
from fairy.lab.synthetic.sampling import sample_scene
from fairy.lab.synthetic.scenes import Layers, Scene
from fairy.lab.synthetic.truth import Flow, Tracks, draw_queries, flicker, flow_between, follow, object_mask, warp

__all__ = [
    "EDITS",
    "Choice",
    "Edit",
    "Flow",
    "Layers",
    "Pair",
    "Photograph",
    "Scene",
    "Tracks",
    "all_instructions",
    "catalogue",
    "draw_queries",
    "edit_clip",
    "edited_scene",
    "flicker",
    "flow_between",
    "follow",
    "object_mask",
    "photographs",
    "render_clip",
    "sample_pair",
    "sample_scene",
    "warp",
]
