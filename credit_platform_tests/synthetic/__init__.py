"""Tests of the synthetic loan book."""
