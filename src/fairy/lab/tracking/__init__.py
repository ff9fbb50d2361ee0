"""Attention as tracking (Fairy, arXiv 2312.13834, sec. 4): where a point of one frame attends to in another.

capture      queries and keys of self-attention layers, recorded while a frame is denoised as the editor does it
correspond   from them to attention maps and correspondences, in blocks
tokens       from pixels to a layer's tokens and back
points       clips with true tracks: synthetic ones, TAP-Vid's file, folders of `fairy lab synth`
pickles      arrays out of a pickle that is never run
accuracy     how often a correspondence is within so many pixels of the truth; chance; confidence
measure      accuracy of every layer and step over clips
tables       the result as CSV and JSON
plot         the result as a picture
heat         attention maps of one point over other frames
"""
