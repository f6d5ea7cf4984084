"""Tests of the Home Credit book."""
