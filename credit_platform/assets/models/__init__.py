"""Assets that train and score."""
