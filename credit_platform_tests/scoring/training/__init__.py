"""Tests of scoring.training."""
