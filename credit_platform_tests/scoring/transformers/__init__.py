"""Tests of scoring.transformers."""
