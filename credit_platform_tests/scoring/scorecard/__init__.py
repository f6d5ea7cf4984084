"""Tests of scoring.scorecard."""
