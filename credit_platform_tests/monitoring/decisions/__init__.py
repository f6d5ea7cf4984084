"""Tests of monitoring.decisions."""
