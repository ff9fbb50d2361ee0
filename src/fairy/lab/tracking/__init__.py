"""Attention as tracking (Fairy, arXiv 2312.13834, sec. 4): where a point of one frame attends to in another.

capture      queries and keys of self-attention layers, recorded while a frame is denoised as the editor does it
correspond   from them to attention maps and correspondences, in blocks; from pixels to a layer's tokens and back
points       clips with true tracks: synthetic ones, folders of `fairy lab synth`, TAP-Vid's as .npz
measure      how often a correspondence is within so many pixels of the truth, for every layer and step; chance
tables       means over clips with their confidence, as CSV and JSON
plot         the same as a picture; the folder of results
show         attention maps of one point over other frames, as a picture or a video
"""
