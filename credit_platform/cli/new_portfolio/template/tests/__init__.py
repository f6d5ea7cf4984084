"""Tests of the book: `pytest` beside the folder of the book runs them."""
