"""Fairy inside ComfyUI: four nodes. The only code that imports ComfyUI, and so it is imported by ComfyUI alone.

extension.py     what ComfyUI asks for: the list of the nodes
loader.py        Load Fairy Model
anchors.py       Fairy: Edit Anchors    IMAGE in, BANK and IMAGE out
frames.py        Fairy: Edit Frames     IMAGE in, IMAGE out
video.py         Fairy: Edit Video      VIDEO in, VIDEO out, file to file

settings.py      fields of Fairy's settings as widgets, without ComfyUI; widgets.py the same as ComfyUI's inputs
pixels.py        IMAGE and MASK to arrays and back, without ComfyUI
bank.py          what goes from Edit Anchors to Edit Frames
source.py        a VIDEO as a file on disk, whatever was done to it on the way
device.py        who has the device now: ComfyUI's models or ours
progress.py      the node's bar, its newest picture, and Interrupt
words.py         errors as the line that a node shows
"""
