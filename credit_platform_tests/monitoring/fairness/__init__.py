"""Tests of monitoring.fairness."""
