"""Training: how the embedded model was made, from a seed. Needs the `train` extra."""
