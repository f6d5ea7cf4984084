"""Assets that measure and decide."""
