"""Tests of scoring.estimators."""
