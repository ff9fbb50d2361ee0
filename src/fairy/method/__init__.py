"""The method of the paper: anchors edited together, and what the other frames read of them (Fairy, sec. 5.1).

Reading order: anchors.py, attend.py, unet_attention.py, sampler.py, trajectory.py, editor.py.
"""
