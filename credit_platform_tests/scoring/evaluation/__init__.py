"""Tests of scoring.evaluation."""
