"""How the embedded models were made, from a seed. Needs the `train` extra."""
