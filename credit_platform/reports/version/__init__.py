"""The pages about versions."""
