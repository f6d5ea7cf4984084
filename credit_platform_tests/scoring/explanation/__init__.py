"""Tests of scoring.explanation."""
