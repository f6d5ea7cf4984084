"""Tests of monitoring.data_quality."""
