"""What each part of the method does, measured: sets of edits under several settings, done once each and kept.

`fairy lab truth` measures against the exact truth of synthetic clips, `fairy lab ablate` on any set of videos by the
metrics of `fairy.lab.metrics`. See docs/lab/ablation.md.
"""
