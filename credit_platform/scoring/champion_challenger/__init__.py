"""Two models on the same loans."""
