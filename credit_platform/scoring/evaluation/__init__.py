"""How good a version is on each of its samples."""
