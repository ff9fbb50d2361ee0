"""Fairy's nodes for ComfyUI: edit a whole video by one instruction, every frame consistent with the others."""

from fairy.comfy.extension import comfy_entrypoint

WEB_DIRECTORY = "./js"
__all__ = ["WEB_DIRECTORY", "comfy_entrypoint"]
