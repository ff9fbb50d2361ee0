"""What all of the lab does with results: keeps them, counts them, draws them."""
