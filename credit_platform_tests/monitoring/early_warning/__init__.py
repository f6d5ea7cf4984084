"""Tests of monitoring.early_warning."""
