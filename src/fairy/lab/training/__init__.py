"""Training on pairs of pictures: `fairy train`. Needs the `train` extra."""
