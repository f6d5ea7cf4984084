"""Tests of scoring.governance."""
