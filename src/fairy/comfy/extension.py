"""What ComfyUI asks for when it reads the folder of nodes."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import ComfyExtension

from fairy.comfy.anchors import EditAnchors
from fairy.comfy.frames import EditFrames
from fairy.comfy.loader import LoadModel
from fairy.comfy.video import EditVideo


class FairyExtension(ComfyExtension):
    """Fairy's nodes."""

    async def get_node_list(self) -> list[Any]:
        """All of them."""
        return [LoadModel, EditAnchors, EditFrames, EditVideo]


async def comfy_entrypoint() -> FairyExtension:
    """What ComfyUI calls."""
    return FairyExtension()
